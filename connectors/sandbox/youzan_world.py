"""An invented gift shop on Youzan: the same people and orders for the same seed."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
PAST = timedelta(days=420)
FUTURE = timedelta(days=45)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英梅玲雪慧晨欣怡然子涵"
PLACES = [
    ("浙江省", "杭州市", "西湖区"),
    ("上海市", "上海市", "静安区"),
    ("广东省", "深圳市", "南山区"),
    ("北京市", "北京市", "朝阳区"),
    ("四川省", "成都市", "武侯区"),
    ("江苏省", "苏州市", "姑苏区"),
]
PRODUCTS = [
    ("手工蜂蜜", "HNY", "69.50", ("规格", "250g", "500g")),
    ("香薰蜡烛", "CDL", "88.00", ("香味", "雪松", "橙花", "无香")),
    ("青瓷茶杯", "CUP", "128.00", ("颜色", "天青", "月白")),
    ("亚麻桌布", "TBL", "159.00", ("尺寸", "140x180", "140x220")),
    ("刺绣抱枕", "PLW", "76.00", ("颜色", "米白", "墨绿", "砖红")),
    ("桂花乌龙茶", "TEA", "58.00", ("规格", "100g", "250g")),
    ("胡桃木相框", "FRM", "99.00", ("尺寸", "6寸", "8寸")),
    ("羊毛披肩", "SHW", "269.00", ("颜色", "驼色", "雾蓝")),
    ("玻璃花瓶", "VAS", "118.00", ("颜色", "透明", "烟灰")),
    ("手账本礼盒", "NTB", "45.00", ("颜色", "樱粉", "藏青")),
    ("竹编收纳篮", "BSK", "39.90", ("尺寸", "小", "大")),
    ("新年红包袋", "RED", "19.90", ("规格", "6枚", "12枚")),
]
PRAISE = ["很好用，包装也漂亮", "送朋友的，她很喜欢😊", "第二次买了", "质感不错"]
MIDDLING = ["还可以，物流慢了点", "颜色和图片有一点差别"]
BLAME = ["收到时有破损，客服处理得慢", "味道太淡了，不会再买"]
TAGS = ["老客户", "送礼", "企业采购", "茶友", "微信群", "投诉过"]


class Contact(NamedTuple):
    """How another feed knows a person who also buys here."""

    phone: str
    email: str
    name: str


@dataclass(frozen=True)
class Person:
    """A customer of the shop."""

    open_id: str
    wechat: str
    name: str
    phone: str
    gender: int
    place: tuple[str, str, str]
    tags: tuple[str, ...]
    created: datetime


@dataclass
class Story:
    """Something that goes through states; `events` are (time, what became true)."""

    key: str
    facts: dict[str, Any]
    events: list[tuple[datetime, dict[str, Any]]]
    touched: datetime | None = None

    def at(self, now: datetime) -> dict[str, Any] | None:
        """All that is true at `now`, with `updated`; None before it began."""
        happened = [event for event in self.events if event[0] <= now]
        if not happened:
            return None
        state = dict(self.facts)
        for _, change in happened:
            state.update(change)
        last = happened[-1][0]
        if self.touched and last < self.touched <= now:
            last = self.touched
        return {**state, "created": happened[0][0], "updated": last}


@dataclass
class World:
    """Everything the shop knows, before and some weeks after `as_of` (aware).

    The first people are `contacts`: they carry those phones and names.
    """

    seed: int
    as_of: datetime
    people_count: int = 200
    contacts: Sequence[Contact] = ()
    people: list[Person] = field(init=False, default_factory=list)
    orders: list[Story] = field(init=False, default_factory=list)
    refunds: list[Story] = field(init=False, default_factory=list)
    reviews: list[Story] = field(init=False, default_factory=list)
    changes: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.as_of = self.as_of.astimezone(UTC).replace(microsecond=0)
        self._dice = random.Random(self.seed)
        self._orders_of: dict[str, list[Story]] = defaultdict(list)
        for number in range(self.people_count):
            person = self._person(number)
            self.people.append(person)
            for created in self._visits(person):
                self._order(person, created)

    def orders_of(self, person: Person) -> list[Story]:
        """All of that person's orders, also those to come."""
        return self._orders_of[person.open_id]

    def touch(self, story: Story, at: datetime) -> None:
        """Somebody edits a note at `at`: nothing changes but the time of update."""
        story.touched = at
        self.changes += 1

    def forget(self, thing: Person | Story) -> None:
        """A customer or a review is gone from the lists, as if it had never been."""
        if isinstance(thing, Person):
            self.people.remove(thing)
        else:
            self.reviews.remove(thing)
        self.changes += 1

    def _person(self, number: int) -> Person:
        dice = self._dice
        invented = Contact(
            f"1{dice.choice('3589')}{dice.randrange(10**8, 10**9)}", "", _name(dice)
        )
        known = self.contacts[number] if number < len(self.contacts) else invented
        return Person(
            open_id=f"yz{self.seed}{number:06d}{dice.randrange(10**6):06d}",
            wechat=f"o{dice.randrange(10**12):012d}{number:06d}",
            name=known.name or invented.name,
            phone=known.phone or invented.phone,
            gender=dice.choice((0, 1, 2, 2)),
            place=dice.choice(PLACES),
            tags=tuple(dice.sample(TAGS, dice.choice((0, 0, 1, 1, 2)))),
            created=self.as_of - PAST * dice.random() - MINUTE,
        )

    def _visits(self, person: Person) -> Iterator[datetime]:
        """Most buy once; some have a rhythm that they keep more or less."""
        dice = self._dice
        moment = person.created + timedelta(seconds=dice.randrange(60, 7200))
        rhythm = dice.choice((0, 0, 0, 25, 40, 70, 120))
        patience = dice.randrange(1, 12)
        for _ in range(patience if rhythm else 1):
            if moment > self.as_of + FUTURE:
                return
            yield moment.replace(microsecond=0)
            moment += timedelta(days=rhythm * dice.uniform(0.6, 1.5) + 0.01)

    def _order(self, person: Person, created: datetime) -> None:
        dice, number = self._dice, len(self.orders) + 1
        lines = [
            _line(dice, number * 10 + place)
            for place in range(dice.choice((1, 1, 1, 2, 2, 3)))
        ]
        total = sum((line["payment"] for line in lines), Decimal(0))
        postage = Decimal("0.00") if total >= 99 else Decimal("10.00")
        stamp = created.astimezone(CHINA).strftime("%Y%m%d%H%M%S")
        facts = {
            "person": person,
            "lines": lines,
            "postage": postage,
            "payment": total + postage,
            "refund_state": 0,
            "close_type": 0,
        }
        story = Story(f"E{stamp}{number:010d}", facts, [])
        self.orders.append(story)
        self._orders_of[person.open_id].append(story)
        self._live(story, created)

    def _live(self, order: Story, created: datetime) -> None:
        """Unpaid, paid, shipped, received: and what can go wrong between."""
        dice, events = self._dice, order.events
        events.append((created, {"status": "WAIT_BUYER_PAY"}))
        if dice.random() < 0.05:
            closed = {"status": "TRADE_CLOSED", "close_type": 1}
            events.append((created + HOUR, closed))
            return
        paid = created + timedelta(seconds=dice.randrange(20, 1800))
        if dice.random() < 0.03:
            events.append((paid, {"status": "WAIT_CONFIRM", "paid": paid}))
            events.append((paid + 20 * MINUTE, {"status": "WAIT_SELLER_SEND_GOODS"}))
        else:
            status = {"status": "WAIT_SELLER_SEND_GOODS", "paid": paid}
            events.append((paid, status))
        if dice.random() < 0.03:
            self._refund(order, paid + HOUR, is_whole=True)
            return
        sent = paid + HOUR + timedelta(seconds=dice.randrange(3 * 3600, 40 * 3600))
        events.append((sent, {"status": "WAIT_BUYER_CONFIRM_GOODS", "sent": sent}))
        got = sent + DAY * 3 + timedelta(seconds=dice.randrange(6 * 86_400))
        events.append((got, {"status": "TRADE_SUCCESS", "got": got}))
        fate = dice.random()
        if fate < 0.06:
            # Some come back months after the order had ended.
            self._refund(order, got + DAY * dice.choice((1, 2, 5, 60)), is_whole=False)
        elif fate < 0.40:
            self._review(order, got + timedelta(seconds=dice.randrange(60, 6 * 86_400)))

    def _refund(self, order: Story, asked: datetime, is_whole: bool) -> None:
        dice = self._dice
        line = dice.choice(order.facts["lines"])
        stamp = asked.astimezone(CHINA).strftime("%Y%m%d%H%M%S")
        facts = {
            "tid": order.key,
            "oid": line["oid"],
            "fee": order.facts["payment"] if is_whole else line["payment"],
            "return_goods": not is_whole,
            "reason": dice.choice((1, 11, 54, 51)),
        }
        refund = Story(f"{stamp}{len(self.refunds) + 1:010d}", facts, [])
        self.refunds.append(refund)
        refund.events.append((asked, {"status": "WAIT_SELLER_AGREE"}))
        end = asked + timedelta(seconds=dice.randrange(3600, 3 * 86_400))
        if not is_whole and dice.random() < 0.3:
            status = dice.choice(("SELLER_REFUSE_BUYER", "CLOSED"))
            refund.events.append((end, {"status": status}))
            return
        refund.events.append((end, {"status": "SUCCESS"}))
        closed = {"status": "TRADE_CLOSED", "close_type": 2, "refund_state": 12}
        order.events.append((end, closed if is_whole else {"refund_state": 2}))

    def _review(self, order: Story, written: datetime) -> None:
        dice = self._dice
        stars = dice.choice((5, 5, 5, 5, 4, 4, 3, 2, 1))
        words = PRAISE if stars > 3 else MIDDLING if stars == 3 else BLAME
        facts = {
            "tid": order.key,
            "line": dice.choice(order.facts["lines"]),
            "rate": 30 if stars > 3 else 20 if stars == 3 else 10,
            "stars": stars,
            "words": dice.choice(words),
        }
        key = str(2_000_000 + len(self.reviews))
        self.reviews.append(Story(key, facts, [(written, {})]))


def _name(dice: random.Random) -> str:
    return dice.choice(FAMILY) + "".join(dice.sample(GIVEN, dice.choice((1, 2, 2))))


def _line(dice: random.Random, number: int) -> dict[str, Any]:
    which = dice.randrange(len(PRODUCTS))
    title, code, price, (kind, *choices) = PRODUCTS[which]
    choice = dice.randrange(len(choices))
    count = dice.choice((1, 1, 1, 2, 3))
    each = Decimal(price)
    discount = Decimal(dice.choice(("0.00", "0.00", "5.00")))
    return {
        "oid": str(2_900_000_000_000_000_000 + number),
        "item_id": 500_000_001 + which,
        "sku_id": 36_000_000 + which * 10 + choice,
        "title": title,
        "outer": f"{code}-{choice + 1}",
        "sku": (kind, choices[choice]),
        "num": count,
        "price": each,
        "payment": each * count - discount,
    }
