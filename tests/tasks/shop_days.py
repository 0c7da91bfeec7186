"""A shop in which every day something happens at random, written straight to tables."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, text

from tasks.people import identify

START = datetime(2011, 1, 1, tzinfo=UTC)
STATUSES = (
    "unpaid",
    "paid",
    "shipped",
    "finished",
    "finished",
    "cancelled",
    "refunded",
)
TITLES = ("绿茶", "Red mug", "T-shirt", "手机壳")


class Shop:
    """A few hundred buyers; `day` lets one day of orders and mishaps happen."""

    def __init__(self, engine: Engine, seed: int, buyers: int = 200) -> None:
        self.engine = engine
        self.random = Random(seed)
        self.now = START
        self.numbers = 0
        with engine.begin() as connection:
            self.buyers = self._identifiers(connection, "buyer", "shop", buyers)
            self.phones = self._identifiers(connection, "phone", "", buyers)
            self.emails = self._identifiers(connection, "email", "", buyers)
            for phone, buyer in zip(self.phones, self.buyers, strict=True):
                self._link(connection, phone, buyer)
            for _ in range(buyers * 3):
                self._order(connection, age=self.random.uniform(0, 500))
        identify.identify(engine, self.now)

    def day(self) -> None:
        """Orders, late orders, refunds, reviews, deletions, merges; a day passes."""
        self.now += timedelta(days=self.random.choice((1, 1, 5, 20)))
        with self.engine.begin() as connection:
            for _ in range(12):
                self._order(connection, age=self.random.uniform(0, 1))
            self._order(connection, age=300)
            for happening in (
                self._change_order,
                self._delete_order,
                self._hand_order_over,
                self._refund,
                self._review,
                self._interaction,
                self._profile,
                self._suppression,
            ):
                happening(connection)
            for _ in range(2):
                mail = self.random.choice(self.emails)
                self._link(connection, mail, self.random.choice(self.buyers))
        identify.identify(self.engine, self.now)
        if self.random.random() < 0.5:
            self._undo()

    def _identifiers(
        self, connection: Connection, kind: str, scope: str, count: int
    ) -> Sequence[int]:
        return (
            connection.execute(
                text(
                    "insert into identifiers (kind, scope, value)"
                    " select :kind, :scope, :kind || number"
                    " from generate_series(1, :count) as number"
                    " returning identifier_id"
                ),
                {"kind": kind, "scope": scope, "count": count},
            )
            .scalars()
            .all()
        )

    def _link(self, connection: Connection, one: int, other: int) -> None:
        connection.execute(
            text(
                "insert into identifier_links"
                " (identifier_a, identifier_b, source, evidence)"
                " values (least(:a, :b), greatest(:a, :b), 'shop', 'an order')"
                " on conflict do nothing"
            ),
            {"a": one, "b": other},
        )

    def _order(self, connection: Connection, age: float) -> None:
        self.numbers += 1
        order_id = connection.execute(
            text(
                "insert into orders (source, order_number, status, ordered_at,"
                " updated_at, currency, amount, buyer_identifier_id) values"
                " ('shop', :number, :status, :at, :at, :currency, :amount, :buyer)"
                " returning order_id"
            ),
            {
                "number": str(self.numbers),
                "status": self.random.choice(STATUSES),
                "at": self.now - timedelta(days=age),
                "currency": self.random.choice(("CNY", "CNY", "GBP")),
                "amount": self.random.randint(1, 900),
                "buyer": self._buyer(),
            },
        ).scalar_one()
        for line in range(self.random.randint(1, 2)):
            connection.execute(
                text(
                    "insert into order_lines (order_id, line_key, product_title,"
                    " category, variant, quantity, unit_price, amount)"
                    " values (:id, :line, :title, :category, :size, 1, 9, 9)"
                ),
                {
                    "id": order_id,
                    "line": line,
                    "title": self.random.choice(TITLES),
                    "category": self.random.choice(("tea", "home", None)),
                    "size": self.random.choice(("S", "蓝色,M", "XL", None)),
                },
            )

    def _buyer(self) -> int:
        """Some buy often, most buy rarely."""
        return self.buyers[int(len(self.buyers) * self.random.random() ** 2)]

    def _any(
        self, connection: Connection, what: str, statement: str, **to: Any
    ) -> None:
        """Run a statement on a random row `:id` of a table, if there is one."""
        ids = connection.execute(
            text(f"select {what}_id from {what}s order by 1")
        ).scalars()
        known = list(ids)
        if known:
            connection.execute(
                text(statement),
                {"id": self.random.choice(known), "now": self.now, **to},
            )

    def _change_order(self, connection: Connection) -> None:
        self._any(
            connection,
            "order",
            "update orders set status = :status, amount = amount + 1"
            " where order_id = :id",
            status=self.random.choice(STATUSES),
        )

    def _delete_order(self, connection: Connection) -> None:
        self._any(
            connection,
            "order",
            "delete from orders where order_id = :id"
            " and not exists (select from refunds where order_id = :id)"
            " and not exists (select from reviews where order_id = :id)",
        )

    def _hand_order_over(self, connection: Connection) -> None:
        self._any(
            connection,
            "order",
            "update orders set buyer_identifier_id = :buyer, customer_id ="
            " (select customer_id from identifiers where identifier_id = :buyer)"
            " where order_id = :id"
            " and not exists (select from refunds where order_id = :id)",
            buyer=self._buyer(),
        )

    def _refund(self, connection: Connection) -> None:
        self._any(
            connection,
            "order",
            "insert into refunds (source, refund_number, order_id, status,"
            " requested_at, updated_at, currency, amount, buyer_identifier_id,"
            " customer_id, reason) select 'shop', :id || :status, order_id, :status,"
            " :now, :now, currency, amount / 2, buyer_identifier_id, customer_id,"
            " '质量问题' from orders where order_id = :id on conflict do nothing",
            status=self.random.choice(("open", "refunded")),
        )
        self._any(
            connection,
            "refund",
            "update refunds set status = 'refunded' where refund_id = :id",
        )

    def _review(self, connection: Connection) -> None:
        self._any(
            connection,
            "order",
            "insert into reviews (source, review_number, order_id, rating,"
            " reviewed_at, updated_at, buyer_identifier_id) select 'shop',"
            " cast(:id as text), order_id, :rating, :now, :now, buyer_identifier_id"
            " from orders where order_id = :id on conflict do nothing",
            rating=self.random.randint(1, 5),
        )

    def _interaction(self, connection: Connection) -> None:
        self._any(
            connection,
            "identifier",
            "insert into interactions (source, kind, interaction_key, happened_at,"
            " identifier_id) values ('shop', 'message', cast(:id as text), :now, :id)"
            " on conflict do nothing",
        )

    def _profile(self, connection: Connection) -> None:
        self._any(
            connection,
            "identifier",
            "insert into profiles (source, identifier_id, name, points, tags,"
            " updated_at, digest) values ('shop', :id, :name, :points,"
            " cast(:tags as jsonb), :now, '') on conflict (source, identifier_id)"
            " do update set name = excluded.name, tags = excluded.tags",
            name=f"name {self.numbers}",
            points=self.numbers,
            tags=self.random.choice((None, "{}", '{"会员": null}', '{"层级": "金"}')),
        )

    def _suppression(self, connection: Connection) -> None:
        self._any(
            connection,
            "identifier",
            "insert into suppressions (channel, address, reason, evidence)"
            " select 'mail', value, 'bounced', 'x' from identifiers"
            " where identifier_id = :id and kind = 'email' on conflict do nothing",
        )

    def _undo(self) -> None:
        with self.engine.connect() as connection:
            standing = connection.execute(
                text(
                    "select merge_id from customer_merges where undone_at is null"
                    " order by 1 limit 1"
                )
            ).scalar()
        if standing:
            identify.undo(self.engine, standing, "not one person", self.now)
