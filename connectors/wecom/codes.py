"""Contact ways of a corp: whoever scans one becomes a contact with its state."""

from collections.abc import Sequence
from datetime import timedelta

from connectors.base import CodeMaker, MadeCode, SourceRefused
from connectors.client import Call, Cure, Trouble
from connectors.values import part, text
from connectors.wecom.client import WeComClient

CREATE = "externalcontact/add_contact_way"
GET = "externalcontact/get_contact_way"
LONGEST_NOTE = 30


class WeComCodes(CodeMaker):
    """Codes that lead to members of staff; a second one with a state does no harm.

    WeCom tells no address, only where its drawing of the code is. None of them ends
    by itself.
    """

    longest = 30

    def __init__(self, client: WeComClient, staff: Sequence[str]) -> None:
        self.client = client
        self.staff = staff

    def make(self, code: str, note: str, lasts: timedelta | None) -> MadeCode:
        """Whoever scans it adds a member, and comes as `code`; `lasts` is ours."""
        if not 0 < len(code) <= self.longest:
            raise SourceRefused(
                f"{self.client.source}: the code '{code}' must have 1 to "
                f"{self.longest} characters"
            )
        body = {
            "type": 1 if len(self.staff) == 1 else 2,
            "scene": 2,
            "remark": note[:LONGEST_NOTE],
            "skip_verify": True,
            "state": code,
            "user": list(self.staff),
        }
        answer = self.client.read(CREATE, json=body)
        reference = text(answer.get("config_id"))
        if reference is None:
            raise self._missing(CREATE, "config_id")
        image = text(answer.get("qr_code")) or self._drawing(reference)
        return MadeCode(image, image, reference)

    def _drawing(self, reference: str) -> str:
        """Where the code is drawn; older corps are not told when it is made."""
        way = self.client.read(GET, json={"config_id": reference}).get("contact_way")
        first = way[0] if isinstance(way, list) and way else way
        image = text(part({"": first}, "").get("qr_code"))
        if image is None:
            raise self._missing(GET, "qr_code")
        return image

    def _missing(self, path: str, name: str) -> Exception:
        said = f"the answer holds no {name}"
        return self.client.error(Call(path, ""), Trouble(Cure.WAIT, said))
