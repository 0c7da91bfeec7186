"""QR codes of an official account: whoever scans one comes back with its scene."""

from datetime import timedelta
from urllib.parse import quote

from connectors.base import CodeMaker, MadeCode, SourceRefused
from connectors.client import Call, Cure, Trouble
from connectors.values import text
from connectors.wechat.client import WeChatClient

API = "qrcode/create"
IMAGE = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket="
LONGEST_LIFE = timedelta(days=30)


class WeChatCodes(CodeMaker):
    """Codes that end within thirty days, or one of 100,000 that never end."""

    longest = 64

    def __init__(self, client: WeChatClient) -> None:
        self.client = client

    def make(self, code: str, note: str, lasts: timedelta | None) -> MadeCode:
        """Whoever scans it follows, and then or later comes as `code`."""
        if not 0 < len(code) <= self.longest:
            said = f"the code '{code}' must have 1 to {self.longest} characters"
            raise self._refusal(said)
        body: dict[str, object] = {"action_info": {"scene": {"scene_str": code}}}
        if lasts is None:
            body["action_name"] = "QR_LIMIT_STR_SCENE"
        else:
            body["action_name"] = "QR_STR_SCENE"
            body["expire_seconds"] = self._seconds(lasts)
        answer = self.client.read(API, json=body)
        ticket, url = text(answer.get("ticket")), text(answer.get("url"))
        if ticket is None or url is None:
            said = "the answer holds no ticket or no url"
            raise self.client.error(Call(API, ""), Trouble(Cure.WAIT, said))
        seconds = answer.get("expire_seconds")
        life = timedelta(seconds=seconds) if isinstance(seconds, int) else None
        ends_at = self.client.clock() + life if life else None
        return MadeCode(url, f"{IMAGE}{quote(ticket, safe='')}", ticket, ends_at)

    def _seconds(self, lasts: timedelta) -> int:
        if not timedelta(0) < lasts <= LONGEST_LIFE:
            raise self._refusal(
                f"a code that lasts {lasts} cannot be made: WeChat's end within "
                f"{LONGEST_LIFE.days} days, or never"
            )
        return max(1, int(lasts.total_seconds()))

    def _refusal(self, said: str) -> SourceRefused:
        return SourceRefused(f"{self.client.source}: {said}")
