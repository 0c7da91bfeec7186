"""What one JD shop needs to be told; what JD's pages leave open is a setting."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from connectors.shop_config import AuthorisedShop

StreamName = Literal["orders", "refunds", "returns", "reviews"]


class Config(AuthorisedShop):
    """One shop and the application that it has authorised; durations in seconds."""

    base_url: str = "https://api.jd.com/routerjson"
    token_url: str = Field(
        default="https://open-oauth.jd.com/oauth2/refresh_token",
        description="where tokens are renewed",
    )
    app_key: str = Field(min_length=1)
    app_secret: SecretStr = Field(min_length=1)
    streams: tuple[StreamName, ...] = ("orders", "refunds", "returns", "reviews")
    renew_before: timedelta = Field(
        default=timedelta(days=2),
        ge=timedelta(0),
        description="how long before its end a token is renewed, since JD renews none "
        "that has ended: longer than from one pull to the next",
    )
    token_codes: frozenset[str] = Field(
        default=frozenset({"19"}), description="what JD says when a token has ended"
    )
    busy_codes: frozenset[str] = Field(
        default=frozenset({"1", "43", "65", "66", "67", "69"}),
        description="what JD says when calling again later helps",
    )
    window: timedelta = Field(
        default=timedelta(days=1),
        ge=timedelta(minutes=30),
        le=timedelta(days=31),
        description="how much time one question about orders or refunds spans; JD "
        "allows a month and advises a day",
    )
    history: timedelta | None = Field(
        default=timedelta(days=90), description="how far back JD shows changes"
    )
    order_api: Literal["jingdong.pop.order.search", "jingdong.pop.order.enSearch"] = (
        Field(
            default="jingdong.pop.order.search",
            description="enSearch is its twin; take what the application may call",
        )
    )
    order_states: tuple[str, ...] = Field(
        default=(
            "WAIT_SELLER_STOCK_OUT",
            "WAIT_SELLER_DELIVERY",
            "WAIT_GOODS_RECEIVE_CONFIRM",
            "FINISHED_L",
            "TRADE_CANCELED",
            "PAUSE",
            "POP_ORDER_PAUSE",
        ),
        min_length=1,
        description="JD gives what is asked for, and some shops have other states; "
        "LOCKED orders come without details, and again when they are unlocked",
    )
    container: str | None = Field(
        default=None,
        description="paramOrderJSFQuery, if JD wants the question for orders inside it",
    )
    source_id: str | None = Field(
        default=None, description="a parameter of that container"
    )
    order_amount: Literal["orderPayment", "orderSellerPrice", "orderTotalPrice"] = (
        Field(
            default="orderPayment",
            description="an order's amount: what the buyer pays, before JD's coupons, "
            "or before all discounts",
        )
    )
    buyer_field: Literal["open_id_buyer", "xid_buyer"] = "open_id_buyer"
    refund_time: Literal["modified", "checkTime"] = Field(
        default="modified",
        description="what refunds are asked by; older applications know no modified",
    )
    refund_unit: Literal["fen", "yuan"] = "fen"
    return_unit: Literal["fen", "yuan"] = Field(
        default="yuan", description="JD's pages do not say it: compare with one return"
    )
    return_overlap: timedelta = Field(
        default=timedelta(days=45),
        ge=timedelta(0),
        le=timedelta(days=180),
        description="how far back each pull reads returns again: JD lists them by when "
        "they were approved, and pays back later",
    )
    review_overlap: timedelta = Field(
        default=timedelta(days=7),
        ge=timedelta(0),
        le=timedelta(days=30),
        description="how far back each pull reads comments again: some show days late",
    )
