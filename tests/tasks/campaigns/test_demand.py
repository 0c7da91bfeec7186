"""Likes with a code are counted once, and promise a range."""

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from connectors.sandbox.mail import MailDouble
from flows.cli import main
from tasks.campaigns import campaign, demand
from tasks.channels.mail import Mail
from tasks.delivery.deliver import deliver
from tasks.planning.plan import plan
from tasks.settings import settings
from tests.ledger_world import AUDIENCE, NOON, mail_account, people
from tests.ledger_world import campaign as made

SOON = NOON + timedelta(seconds=1)


def test_likes_are_counted_per_thing_and_size(
    engine: Engine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(home / "campaigns"))
    settings.cache_clear()
    with engine.begin() as connection:
        asked = people(connection, 10)
    more = (
        "    customers.name,\n    'code' || customers.customer_id as code,\n"
        "    case when customers.customer_id % 2 = 0 then 'M' end as size\n"
    )
    audience = AUDIENCE.replace("    customers.name\n", more)
    thanks = made(home / "campaigns", audience=audience)
    early = CliRunner().invoke(main, ["demand", "thanks"])
    assert "nobody was asked so far: hello reached nobody; `regulars" in early.output
    with MailDouble() as double:
        account = mail_account(double)
        known = {"mail": {"shop": account}}
        plan(engine, thanks, NOON, known_accounts=known)
        deliver(engine, Mail("shop", account), "shop", SOON, limits=account)
    with engine.begin() as connection:
        for number, (person, what) in enumerate(
            [(asked[0], "vase"), (asked[0], "vase"), (asked[1], "vase"),
             (asked[1], "bowl"), (asked[2], None)]
        ):  # fmt: skip
            connection.execute(
                text(
                    "insert into interactions (source, kind, interaction_key,"
                    " happened_at, code, body) values ('shop', 'like', :n, :at, :code,"
                    " :what)"
                ),
                {"n": str(number), "at": SOON, "code": f"code{person}", "what": what},
            )
        found = demand.demand(connection, thanks, "hello", SOON)
    assert (found.asked, found.answered, found.audience) == (10, 3, 10)
    liked = {(one.what, one.size): one.people for one in found.likes}
    sizes = ["M" if one % 2 == 0 else None for one in asked]
    assert liked == {
        **{("vase", sizes[0]): 1, ("vase", sizes[1]): 1},
        **{("bowl", sizes[1]): 1, ("anything", sizes[2]): 1},
    }
    told = CliRunner().invoke(main, ["demand", "thanks", "--as-of", "2027-03-02 09:00"])
    assert "10 were asked and 3 liked something; the audience is 10" in told.output
    assert "bowl" in told.output and "0 to 4" in told.output
    wrong = CliRunner().invoke(main, ["demand", "thanks", "--step", "bye"])
    assert 'thanks has no step "bye": it has hello' in wrong.output
    assert campaign.load(thanks.folder).version == thanks.version


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    # From the published tables of the Wilson score interval.
    [(0, 10, 0.0, 0.278), (5, 10, 0.237, 0.763), (10, 10, 0.722, 1.0), (0, 0, 0, 1)],
)
def test_the_range_is_wilsons(hits: int, tries: int, low: float, high: float) -> None:
    assert demand.interval(hits, tries) == pytest.approx((low, high), abs=0.001)
