"""Pushes of a Youzan shop, signed as Youzan signs them."""

import json
from datetime import datetime
from hashlib import md5
from typing import Any
from urllib.parse import quote_plus

from connectors.sandbox import youzan_json as shown
from connectors.sandbox.youzan import CLIENT_ID, CLIENT_SECRET
from connectors.sandbox.youzan_world import Story


def pushed_order(order: Story, now: datetime, **changes: Any) -> dict[str, Any]:
    """What Youzan pushes when an order changes."""
    state = order.at(now)
    assert state is not None
    whole = shown.order({**state, "key": order.key})
    return {
        "client_id": CLIENT_ID,
        "id": order.key,
        "kdt_id": shown.SHOP,
        "kdt_name": "示例店",
        "mode": 1,
        "msg": quote_plus(json.dumps(whole, ensure_ascii=False)),
        "sendCount": 0,
        "status": state["status"],
        "test": False,
        "type": "trade_TradePaid",
        "version": int(state["updated"].timestamp()),
        **changes,
    }


def signed(
    push: Any, client_id: str = CLIENT_ID, secret: str = CLIENT_SECRET
) -> tuple[dict[str, str], bytes]:
    """The headers, in lower case, and the body."""
    body = push if isinstance(push, bytes) else json.dumps(push).encode()
    digest = md5(client_id.encode() + body + secret.encode()).hexdigest()
    return {"event-sign": digest, "event-type": "trade_TradePaid"}, body
