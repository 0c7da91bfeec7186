"""Returns after delivery: after-sales services, and the money that goes back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Page, Record, Row
from connectors.jd.client import JdClient
from connectors.jd.config import Config
from connectors.jd.stream import JdStream, yuan
from connectors.values import Problems, in_china, moment, number, part, text

PAID_BACK = "13"
# JD takes no longer span between two times of approval.
QUESTION = timedelta(days=10)


class Returns(JdStream):
    """`jingdong.asc.serviceAndRefund.view`, which goes by the time of approval.

    What happens to a return later moves nothing, hence the long overlap.
    """

    name = "returns"
    entity = "refunds"
    key = ("refund_number",)
    cursor = "approveTime"
    columns = (
        "place",
        "problem",
        "refund_number",
        "order_number",
        "status",
        "requested_at",
        "updated_at",
        "currency",
        "reason",
        "buyer_id",
        "product_id",
        "quantity",
        "amount",
    )
    api = "jingdong.asc.serviceAndRefund.view"
    wrapper = "pageResult"
    list_name = "data"
    total_name = "totalCount"
    largest_page = 50

    def __init__(self, source: str, config: Config, client: JdClient) -> None:
        overlap = config.return_overlap
        window = overlap + timedelta(days=30)
        super().__init__(source, config, client, overlap=overlap, window=window)

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """As everywhere, in as many questions as JD wants."""
        while since < until:
            end = min(since + QUESTION - timedelta(seconds=2), until)
            yield from super().pages(since, end)
            since = end

    def question(self, since: datetime, until: datetime, page: int) -> dict[str, Any]:
        """In all states."""
        return {
            "approveTimeBegin": in_china(since),
            "approveTimeEnd": in_china(until),
            "pageNumber": page,
            "pageSize": self.page_size,
        }

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """serviceId; the time of approval is not told."""
        return text(_bill(record).get("serviceId")), None

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; a service is of one product."""
        problems, bill = Problems(), _bill(record)
        service = text(bill.get("serviceId"))
        asked = moment(bill.get("afsApplyTime"), "afsApplyTime", problems)
        paid_back = moment(record.get("completeTime"), "completeTime", problems)
        is_paid_back = text(record.get("status")) == PAID_BACK
        amount, unit = record.get("refoundAmount"), self.config.return_unit
        values = (
            # Services and refunds are numbered apart.
            f"afs-{service}" if service else None,
            text(bill.get("orderId")),
            "refunded" if is_paid_back else "open",
            asked,
            paid_back or asked,
            "CNY",
            text(bill.get("applyReason")) or text(bill.get("questionDesc")),
            text(bill.get(self.config.buyer_field)),
            text(bill.get("skuId")) or text(bill.get("wareId")),
            number(bill.get("serviceCount"), "serviceCount", problems),
            yuan(amount, unit, "refoundAmount", problems),
        )
        yield (getattr(record, "place", None), problems.text, *values)


def _bill(record: Any) -> dict[str, Any]:
    return part(record, "sameOrderServiceBill")
