"""Taking orders: each goes to one worker, and none is finished while one is unclear."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from sqlalchemy import Engine, text

from tasks.channels.base import Account
from tasks.channels.mail import Mail, MailAccount
from tasks.delivery import ledger
from tasks.delivery.orders import Orders
from tasks.delivery.settle import Lane
from tests.ledger_world import NOON

WORKERS = 4
ROUNDS = 60


def lane() -> Lane:
    account = MailAccount(host="localhost", sender="Shop <shop@shop.example>")
    return Lane(Mail("shop", account), "shop", Account())


def test_of_workers_who_want_an_abandoned_order_at_once_one_gets_it(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("insert into lease (worker, channel, account, ends_at)"
                 " select 'w', 'mail', 'shop', now() + interval '1 hour'"
                 " from generate_series(1, :n)"),
            {"n": WORKERS * ROUNDS},
        )  # fmt: skip
        # A lease of a worker that died, held by an order that is still open.
        dead = connection.execute(
            text("insert into lease (worker, channel, account, ends_at)"
                 " values ('dead', 'mail', 'shop', now()) returning lease_id"),
        ).scalar_one()  # fmt: skip
    barrier = Barrier(WORKERS)

    def take(lease_id: int) -> bool:
        orders = Orders(lane(), lease_id, ["first"], newest=0)
        with engine.connect() as connection:
            connection.execute(text("select 1"))
            connection.rollback()
            barrier.wait(timeout=10)
            with connection.begin():
                return orders.take(connection, NOON + timedelta(1)) is not None

    with ThreadPoolExecutor(WORKERS) as pool:
        for number in range(ROUNDS):
            with engine.begin() as connection:
                connection.execute(text("delete from chunk"))
                connection.execute(
                    text("insert into chunk (channel, account, not_before, lease_id,"
                         " touch_ids) values ('mail', 'shop', :at, :dead, '{}')"),
                    {"at": NOON, "dead": dead},
                )  # fmt: skip
            leases = range(number * WORKERS + 1, number * WORKERS + WORKERS + 1)
            assert sum(pool.map(take, leases)) == 1


def test_an_intent_that_nobody_looks_after_violates_the_ledger(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("insert into campaign_runs (campaign, as_of, version)"
                 " values ('c', now(), 'v')")
        )  # fmt: skip
        connection.execute(
            text("insert into touch (campaign_run_id, customer_id, campaign, step,"
                 " occasion, decision, key)"
                 " values (1, 1, 'c', 's', 'o', 'planned', 'k')")
        )  # fmt: skip
        connection.execute(
            text("insert into lease (worker, channel, account, ends_at)"
                 " values ('dead', 'mail', 'shop', now() - interval '1 hour')")
        )  # fmt: skip
        connection.execute(
            text("insert into attempt (touch_id, lease_id, number) values (1, 1, 1)")
        )
        rules = [violation.rule for violation in ledger.check(connection)]
    assert rules == ["messages are neither settled, ordered nor in doubt"]
