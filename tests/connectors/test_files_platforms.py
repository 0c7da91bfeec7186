"""Exports of platforms, written as those write them, through the shipped mappings."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.files import Feed, FileStream, mapping_file

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def rows(path: Path, mapping: str) -> list[dict[str, Any]]:
    stream = FileStream(
        "shop", "orders", Feed(str(path), mapping_file.load(mapping), 0)
    )
    found = [row for page in stream.pull(None, NOW) for row in page.records]
    given = [dict(zip(stream.columns, row, strict=True)) for row in found]
    assert not [row["problem"] for row in given if row["problem"]]
    return given


def test_taobao_writes_gbk_and_wraps_its_ids(tmp_path: Path) -> None:
    path = tmp_path / "ExportOrderList.csv"
    header = (
        "订单编号,买家会员名,总金额,买家实际支付金额,订单状态,收货人姓名,联系手机,"
        "订单创建时间,订单付款时间 ,宝贝标题,宝贝总数量"
    )
    lines = [
        '="3600000000000000001",茶友小王,128.00,118.00,买家已付款，等待卖家发货,'
        "王芳,'13800000001,2026-01-01 09:00:00,2026-01-01 09:05:00,明前龙井,2",
        '="3600000000000000002",茶友小李,60.00,0.00,交易关闭,李伟,\'13800000002,'
        "2026-01-02 09:00:00,,茉莉花茶,1",
        '="3600000000000000003",茶友小李,60.00,60.00,交易关闭,李伟,\'13800000002,'
        "2026-01-02 09:00:00,2026-01-02 09:01:00,茉莉花茶,1",
    ]
    path.write_bytes("\r\n".join([header, *lines, ""]).encode("gbk"))
    first, second, third = rows(path, "taobao_orders")
    assert first["order_number"] == "3600000000000000001"
    assert (first["phone"], first["buyer_id"]) == ("13800000001", "茶友小王")
    assert (first["order_amount"], first["line_amount"]) == ("118.00", "128.00")
    assert first["updated_at"] == "2026-01-01T01:05:00+00:00"
    assert [first["status"], second["status"], third["status"]] == [
        *("paid", "cancelled", "refunded"),
    ]


def test_pinduoduo_ends_its_cells_in_tabs(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "商品,订单号,订单状态,商品总价(元),用户实付金额（元）,商品数量(件),订单成交时间,"
        "支付时间,发货时间,商品id\n"
        "绿茶,260101-000000000000001\t,已发货，待收货,30.00,29.00,2,2026-01-01 09:00:00"
        "\t,2026-01-01 09:01:00\t,2026-01-02 10:00:00\t,123456789012\t\n",
        encoding="utf-8",
    )
    (row,) = rows(path, "pinduoduo_orders")
    assert row["order_number"] == "260101-000000000000001"
    assert (row["status"], row["product_id"]) == ("shipped", "123456789012")
    assert row["updated_at"] == "2026-01-02T02:00:00+00:00"


def test_douyin_begins_its_cells_with_tabs(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "主订单编号,子订单编号,选购商品,商品规格,商品数量,商品ID,商品单价,收件人手机号,"
        "订单提交时间,支付完成时间,订单状态\n"
        "\t69190000000000001,\t69190000000000002,绿茶,100g,2,\t3450000000000000001,"
        "9.90,1********34,2026/1/1 9:00,2026/1/1 9:01,已完成\n",
        encoding="utf-8-sig",
    )
    (row,) = rows(path, "douyin_orders")
    assert (row["order_number"], row["line_id"]) == (
        *("69190000000000001", "69190000000000002"),
    )
    assert row["product_id"] == "3450000000000000001"
    assert (row["status"], row["unit_price"]) == ("finished", "9.90")


def test_youzan_lets_people_choose_columns(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text(
        "订单号,订单状态,买家付款时间,收货人手机号/提货人手机号,全部商品名称,订单实付金额\n"
        "E20260101000000000000001,交易完成,2026-01-01 09:00:00,13800000001,茶,29.00\n",
        encoding="utf-8",
    )
    (row,) = rows(path, "youzan_orders")
    assert row["phone"] == "13800000001"
    assert (row["status"], row["line_amount"], row["quantity"]) == (
        *("finished", "29.00", 1),
    )


def test_shopify_fills_in_the_first_line_of_an_order_only(tmp_path: Path) -> None:
    path = tmp_path / "orders_export.csv"
    path.write_text(
        "Name,Email,Financial Status,Paid at,Fulfilled at,Currency,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Cancelled at,Shipping Country\n"
        "#1001,li@example.com,paid,2026-01-01 12:01:00 +0800,2026-01-02 12:00:00 +0800,"
        "USD,30.00,2026-01-01 12:00:00 +0800,2,Tea,10.00,,US\n"
        "#1001,li@example.com,,,,,,,1,Cup,10.00,,\n"
        "#1002,ann@example.com,pending,,,USD,10.00,2026-01-03 12:00:00 +0800,1,Cup,"
        "10.00,,GB\n",
        encoding="utf-8",
    )
    tea, cup, other = rows(path, "shopify_orders")
    for name in ("status", "paid_at", "shipped_at", "currency", "country"):
        assert cup[name] == tea[name]
    assert (cup["order_amount"], cup["line_amount"]) == ("30.00", "10.00")
    assert tea["status"] == "shipped"
    assert tea["updated_at"] == "2026-01-02T04:00:00+00:00"
    assert (other["status"], other["paid_at"], other["country"]) == (
        *("unpaid", None, "GB"),
    )


def test_what_was_filled_in_is_kept_when_reading_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "orders_export.csv"
    header = (
        "Name,Email,Financial Status,Paid at,Fulfilled at,Currency,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Cancelled at\n"
    )
    first = (
        "#1001,li@example.com,pending,,,USD,30.00,2026-01-01 12:00:00 +0800,1,T,1,\n"
    )
    more = "#1001,li@example.com,,,,,,,1,Cup,1.00,\n" * 5_000
    path.write_text(header + first + more, encoding="utf-8")
    mapping = mapping_file.load("shopify_orders")
    stream = FileStream("shop", "orders", Feed(str(path), mapping, 0, page=100))
    begun = next(stream.pull(None, NOW))
    rest = [r for page in stream.pull(begun.cursor, NOW) for r in page.records]
    assert len(begun.records) + len(rest) == 5_001
    assert rest[0][stream.columns.index("currency")] == "USD"
