"""The canonical columns of each entity: how their cells are read, which must be."""

from collections.abc import Collection, Mapping

# How a cell of the column is read; see `cells`. A column means the same everywhere.
KINDS: Mapping[str, str] = {
    **dict.fromkeys(("order_number", "refund_number", "review_number"), "id"),
    **dict.fromkeys(("buyer_id", "phone", "line_id", "product_id"), "id"),
    "interaction_key": "id",
    **dict.fromkeys(("ordered_at", "paid_at", "shipped_at", "finished_at"), "moment"),
    **dict.fromkeys(("updated_at", "requested_at", "reviewed_at"), "moment"),
    **dict.fromkeys(("registered_at", "happened_at"), "moment"),
    "birthday": "day",
    "quantity": "number",
    **dict.fromkeys(("order_amount", "line_amount", "unit_price", "amount"), "money"),
    "rating": "small",
    "points": "large",
}
"""Every other column is text."""

_BUYER = ("buyer_id", "phone", "email")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "orders": (
        *("order_number", "status", "ordered_at", "paid_at", "shipped_at"),
        *("finished_at", "updated_at", "currency", "order_amount"),
        *(*_BUYER, "buyer_name", "country"),
        *("line_id", "product_id", "product_title", "category", "variant"),
        *("quantity", "unit_price", "line_amount"),
    ),
    "refunds": (
        *("refund_number", "order_number", "status", "requested_at", "updated_at"),
        *("currency", "reason", *_BUYER),
        *("line_id", "product_id", "quantity", "amount"),
    ),
    "reviews": (
        *("review_number", "order_number", "product_id", "rating", "body"),
        *("reviewed_at", "updated_at", *_BUYER),
    ),
    "customers": (
        *(*_BUYER, "name", "gender", "birthday", "language", "timezone"),
        *("country", "city", "points", "level", "registered_at", "updated_at"),
    ),
    "interactions": (
        *("kind", "interaction_key", "happened_at", "account", *_BUYER, "body", "code"),
    ),
}

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "orders": ("order_number", "status", "ordered_at", "updated_at", "currency"),
    "refunds": ("refund_number", "status", "requested_at", "updated_at", "amount"),
    "reviews": ("review_number", "reviewed_at"),
    "customers": (),
    "interactions": ("kind", "interaction_key", "happened_at"),
}
"""Columns without which no row of the entity can be loaded."""

_ORDER_STATUS = (
    *("unpaid", "paid", "part_shipped", "shipped", "finished"),
    *("cancelled", "refunded", "on_hold"),
)
CLOSED_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "orders": {"status": _ORDER_STATUS},
    "refunds": {"status": ("open", "refunded", "refused", "closed")},
    "reviews": {},
    "customers": {},
    "interactions": {},
}
"""Columns that know only these words."""


def columns_of(entity: str) -> tuple[str, ...]:
    """The columns of `staging.<entity>` that a mapping may fill by name."""
    return _COLUMNS[entity]


def key_of(entity: str, given: Collection[str]) -> tuple[str, ...]:
    """The columns that identify one line of a file; none if nothing in it does.

    People go by the first of their identifiers that is `given`.
    """
    if entity == "customers":
        return tuple(name for name in _BUYER if name in given)[:1]
    keys: Mapping[str, tuple[str, ...]] = {
        "orders": ("order_number", "line_id"),
        "refunds": ("refund_number", "line_id"),
        "reviews": ("review_number",),
        "interactions": ("kind", "interaction_key"),
    }
    return keys[entity] if set(keys[entity]) <= set(given) else ()
