"""Tags: by rule, by the platforms, by staff; with a value, evidence and an end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tasks.people import facts, identify, staff_tags, tags
from tasks.people.staff_tags import Given, Unknown

STANDARDS = facts.Standards("CNY", "zh", "Asia/Shanghai")
AS_OF = datetime(2011, 12, 10, tzinfo=UTC)


def execute(engine: Engine, statement: str, **values: Any) -> list[Any]:
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def a_customer(engine: Engine, *identifiers: str) -> int:
    """A customer known by identifiers that are written `kind value`."""
    [[customer_id]] = execute(
        engine, "insert into customers default values returning customer_id"
    )
    for identifier in identifiers:
        kind, value = identifier.split(" ")
        execute(
            engine,
            "insert into identifiers (kind, scope, value, customer_id)"
            " values (:kind, '', :value, :id)",
            kind=kind,
            value=value,
            id=customer_id,
        )
    return int(customer_id)


def bought(
    engine: Engine,
    customer_id: int,
    title: str,
    variant: str | None = None,
    amount: float = 100,
    category: str | None = None,
    days_ago: float = 1,
) -> None:
    [[order_id]] = execute(
        engine,
        "insert into orders (source, order_number, status, ordered_at, updated_at,"
        " currency, amount, customer_id) values ('shop', gen_random_uuid(), 'paid',"
        " :at, :at, 'CNY', :amount, :id) returning order_id",
        at=AS_OF - timedelta(days=days_ago),
        amount=amount,
        id=customer_id,
    )
    execute(
        engine,
        "insert into order_lines (order_id, line_key, product_title, variant, category,"
        " quantity, unit_price, amount)"
        " values (:id, 1, :title, :variant, :category, 1, 1, 1)",
        id=order_id,
        title=title,
        variant=variant,
        category=category,
    )


def profile(engine: Engine, value: str, written: str | None) -> None:
    execute(
        engine,
        "insert into profiles (source, identifier_id, tags, digest)"
        " select 'youzan_main', identifier_id, cast(:tags as jsonb), ''"
        " from identifiers where value = :value"
        " on conflict (source, identifier_id) do update set tags = excluded.tags",
        value=value,
        tags=written,
    )


def refresh(engine: Engine, as_of: datetime = AS_OF, full: bool = False) -> Any:
    facts.refresh(engine, as_of, standards=STANDARDS)
    return tags.refresh(engine, as_of, full)


def tags_of(engine: Engine, customer_id: int) -> dict[str, str]:
    with engine.connect() as connection:
        found = [
            (r["tag"], r["value"]) for r in tags.of_customer(connection, customer_id)
        ]
    assert len(found) == len(dict(found)), "a tag is there twice"
    return dict(found)


def test_rule_tags_say_what_a_customer_likes(engine: Engine) -> None:
    one = a_customer(engine)
    bought(engine, one, "T-shirt", "颜色:黑; 尺码:L", category="wear", days_ago=3)
    bought(engine, one, "Hoodie", "蓝色,L", category="wear", days_ago=2)
    bought(engine, one, "SET OF 3 S HOOKS", "XL", category="home")
    two = a_customer(engine)
    bought(engine, two, "JUMBO BAG RED RETROSPOT")
    changed = refresh(engine)
    assert tags_of(engine, one)["size_or_taste"] == "L"
    assert tags_of(engine, one)["last_category"] == "home"
    assert tags_of(engine, two)["size_or_taste"] == "retrospot"
    assert tags_of(engine, two)["last_category"] == "bags"
    assert changed["size_or_taste"] == tags.Changed(given=2, taken=0)
    assert refresh(engine, full=True) == {}


def test_the_price_band_compares_buyers(engine: Engine) -> None:
    buyers = [a_customer(engine) for _ in range(3)]
    for one, amount in zip(buyers, (10, 100, 1000), strict=True):
        bought(engine, one, "tea", amount=amount)
    refresh(engine)
    bands = [tags_of(engine, one)["price_band"] for one in buyers]
    assert bands == ["small", "middling", "large"]


def reviewed(engine: Engine, customer_id: int, rating: int) -> None:
    execute(
        engine,
        "insert into reviews (source, review_number, rating, reviewed_at, updated_at,"
        " customer_id) values ('shop', gen_random_uuid(), :rating, :at, :at, :id)",
        rating=rating,
        at=AS_OF - timedelta(days=1),
        id=customer_id,
    )


def test_whoever_reviews_is_a_reviewer_and_a_complaint_ends(engine: Engine) -> None:
    one = a_customer(engine)
    reviewed(engine, one, 1)
    refresh(engine)
    assert tags_of(engine, one) == {"reviewer": "sometimes", "complained": "review"}
    refresh(engine, AS_OF + timedelta(days=179))
    assert tags_of(engine, one) == {"reviewer": "sometimes"}


def test_only_what_differs_is_written(engine: Engine) -> None:
    one = a_customer(engine)
    reviewed(engine, one, 5)
    refresh(engine)
    [before] = execute(engine, "select xmin, tagged_at from tags")
    refresh(engine, AS_OF + timedelta(days=1), full=True)
    assert execute(engine, "select xmin, tagged_at from tags") == [before]
    reviewed(engine, one, 5)
    refresh(engine, AS_OF + timedelta(days=2))
    [after] = execute(engine, "select evidence, tagged_at from tags")
    assert after == ("2 reviews", before[1])


def test_a_staff_tag_has_segments_and_rule_tags_judged_again(engine: Engine) -> None:
    one = a_customer(engine)
    refresh(engine)
    execute(engine, "delete from customers_to_judge")
    staff_tags.give(engine, [Given(1, str(one), "茶友")], "lin", AS_OF)
    assert execute(engine, "select step, customer_id from customers_to_judge") == [
        ("segments", one),
        ("tags", one),
    ]


def test_platform_tags_come_and_go_with_the_profile(engine: Engine) -> None:
    one = a_customer(engine, "buyer b1")
    profile(engine, "b1", '{"茶友": null, "层级": "金"}')
    refresh(engine)
    assert tags_of(engine, one) == {"茶友": "", "层级": "金"}
    profile(engine, "b1", '{"层级": "银"}')
    refresh(engine)
    assert tags_of(engine, one) == {"层级": "银"}
    profile(engine, "b1", None)
    refresh(engine)
    assert tags_of(engine, one) == {}


def test_tags_follow_a_merge_and_its_undoing(engine: Engine) -> None:
    one = a_customer(engine, "buyer b1")
    two = a_customer(engine, "buyer b2")
    profile(engine, "b2", '{"茶友": null}')
    reviewed(engine, two, 5)
    execute(
        engine,
        "update reviews set buyer_identifier_id ="
        " (select identifier_id from identifiers where value = 'b2')",
    )
    staff_tags.give(engine, [Given(1, str(two), "送礼", "老婆")], "lin", AS_OF)
    refresh(engine)
    before = tags_of(engine, two)
    execute(
        engine,
        "insert into identifier_links (identifier_a, identifier_b, source, evidence)"
        " select min(identifier_id), max(identifier_id), 'shop', 'x' from identifiers",
    )
    identify.identify(engine, AS_OF)
    refresh(engine)
    assert tags_of(engine, one) == before and tags_of(engine, two) == {}
    [[merge_id]] = execute(engine, "select merge_id from customer_merges")
    identify.undo(engine, merge_id, "twins", AS_OF)
    refresh(engine)
    assert tags_of(engine, two) == before and tags_of(engine, one) == {}


def test_staff_tags_end_when_they_say(engine: Engine) -> None:
    one = a_customer(engine)
    until = AS_OF + timedelta(days=7)
    staff_tags.give(
        engine, [Given(1, str(one), "trial", expires_at=until)], "lin", AS_OF
    )
    refresh(engine, until - timedelta(seconds=1))
    assert tags_of(engine, one) == {"trial": ""}
    refresh(engine, until)
    assert tags_of(engine, one) == {}


def test_a_file_tags_many_and_names_whom_nobody_knows(engine: Engine) -> None:
    one = a_customer(engine, "phone 8613800000000")
    two = a_customer(engine, "email a@x.cn")
    lines = [
        "\ufeffcustomer,tag,value",
        "138 0000 0000,size,M",
        "A@X.cn,size,L",
        f"{two},size,XL",
        "13911111111,size,S",
    ]
    given = staff_tags.read(lines, "tags.csv")
    unknown = staff_tags.give(engine, given, "lin", AS_OF)
    assert unknown == [Unknown(5, "13911111111")]
    assert tags_of(engine, one) == {"size": "M"}
    assert tags_of(engine, two) == {"size": "XL"}


def test_staff_correct_each_other_and_take_tags_back(engine: Engine) -> None:
    one = a_customer(engine)
    staff_tags.give(engine, [Given(1, str(one), "size", "M")], "lin", AS_OF)
    staff_tags.give(engine, [Given(1, str(one), "size", "L")], "wei", AS_OF)
    assert execute(engine, "select value, source from tags") == [("L", "wei")]
    assert staff_tags.take(engine, one, "size")
    assert not staff_tags.take(engine, one, "size")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["phone,tag", "1,x"], r"tags.csv, line 1: .*'phone,tag'; needed are customer"),
        (["customer,tag", ",x"], r"line 2: customer '' or tag 'x' is empty"),
        (["customer,tag,expires_at", "1,x,soon"], r"line 2: expires_at 'soon' is no"),
        ([], r"line 1: the columns are ''"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(staff_tags.FileRefused, match=message):
        staff_tags.read(lines, "tags.csv")
