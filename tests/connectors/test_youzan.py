"""Youzan's streams keep the promises of every stream, while their shop is busy."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.sandbox.youzan_world import CHINA, Story
from tests.connectors.contract import Case, StreamContract
from tests.connectors.youzan_shop import AS_OF, Shop


class TestOrders(StreamContract):
    """Orders change all the time: paid, shipped, received, a note edited."""

    @pytest.fixture(params=["newest first", "oldest first"])
    def case(self, shop: Shop, request: pytest.FixtureRequest) -> Case:
        shop.double.is_ascending = request.param == "oldest first"
        case = shop.case("orders", "updated_at")

        def move() -> None:
            asked = shop.asked(case.stream)
            start, end = (
                datetime.fromisoformat(asked[key]).replace(tzinfo=CHINA)
                for key in ("start_update", "end_update")
            )
            for story in touchable(shop, shop.world.orders, start, end):
                case.moved.add((story.key,))

        case.move = move
        return case


class TestRefunds(StreamContract):
    """Refunds change until they are closed."""

    @pytest.fixture
    def case(self, shop: Shop) -> Case:
        case = shop.case("refunds", "updated_at")
        # They are rare: this makes several pages of them.
        case.stream.max_window = timedelta(days=60)

        def move() -> None:
            asked = shop.asked(case.stream)
            start = datetime.fromtimestamp(asked["update_time_start"], CHINA)
            end = datetime.fromtimestamp(asked["update_time_end"], CHINA)
            for story in touchable(shop, shop.world.refunds, start, end):
                case.moved.add((story.key,))

        case.move = move
        return case


class TestReviews(StreamContract):
    """Reviews are taken down, and the others move up."""

    @pytest.fixture
    def case(self, shop: Shop) -> Case:
        case = shop.case("reviews", "reviewed_at")

        def move() -> None:
            product = shop.asked(case.stream)["supplier_item_id"]
            listed = [
                one
                for one in shop.world.reviews
                if one.facts["line"]["item_id"] == product and one.at(AS_OF)
            ]
            newest = max(listed, key=lambda one: one.events[0][0])
            shop.world.forget(newest)
            case.moved.add((newest.key,))

        case.move = move
        return case


class TestCustomers(StreamContract):
    """Customers leave, and the others move up."""

    @pytest.fixture
    def case(self, shop: Shop) -> Case:
        case = shop.case("customers", "registered_at")

        def move() -> None:
            asked = shop.asked(case.stream)
            ends = [asked["created_at_start"] / 1000, asked["created_at_end"] / 1000]
            window = [
                one
                for one in shop.world.people
                if ends[0] <= one.created.timestamp() <= ends[1]
            ]
            for person in outermost(window, key=lambda one: one.created):
                shop.world.forget(person)
                case.moved.add((person.open_id,))

        case.move = move
        return case


def touchable(
    shop: Shop, stories: list[Story], start: datetime, end: datetime
) -> list[Story]:
    """Edit the oldest and the newest that changed in [start, end]; returns them."""

    def changed(story: Story) -> datetime:
        state = story.at(AS_OF)
        return state["updated"] if state else AS_OF

    inside = [story for story in stories if start <= changed(story) <= end]
    touched = outermost(inside, key=changed)
    for story in touched:
        shop.world.touch(story, AS_OF - timedelta(hours=1))
    return touched


def outermost(things: list[Any], key: Callable[[Any], datetime]) -> list[Any]:
    """The first and the last, each once."""
    ordered = sorted(things, key=key)
    return ordered[:1] + ordered[1:][-1:]
