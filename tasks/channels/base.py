"""What every channel promises: one result per message, and never a guess."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tasks.campaigns.campaign_values import as_duration


class Outcome(StrEnum):
    """What a provider's answer means; an unlisted code is `UNKNOWN_OUTCOME`."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    NOT_SENT = "not_sent"
    """It surely did not leave, through no fault of the message: send it again."""
    RETRYABLE = "retryable"
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    OUT_OF_WINDOW = "out_of_window"
    RECIPIENT_BLOCKED = "recipient_blocked"
    RECIPIENT_INVALID = "recipient_invalid"
    CONTENT_REJECTED = "content_rejected"
    CONFIG = "config"
    UNKNOWN_OUTCOME = "unknown_outcome"


# Not frozen, as the others are: that takes three times as long, a million times.
@dataclass(slots=True)
class Message:
    """One message to one address, rendered; `key` is its idempotency key."""

    touch_id: int
    number: int
    key: str
    address: str
    campaign: str = ""
    step: str = ""
    language: str | None = None
    is_marketing: bool = True
    subject: str = ""
    text: str = ""
    html: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    sent_at: datetime | None = None
    """The time of the run, for channels that write it into the message."""
    refusals: int = 0
    """How often the provider refused it before."""
    unsubscribe: str | None = None
    """The token of the one-click link; None: a service message without one."""


@dataclass(slots=True)
class Result:
    """What became of one message; `reason` holds a code, never a message body."""

    message: Message
    outcome: Outcome
    reason: str | None = None
    provider_id: str | None = None
    retry_after: timedelta | None = None
    """How long the provider asked to wait."""


class MayLeave(Protocol):
    """Asked right before a message could reach the provider, then noted for ever."""

    def __call__(self, *messages: Message) -> bool:
        """False: these must not leave (stopping, lease lost, journal gone)."""


@dataclass(frozen=True, slots=True)
class Window:
    """A conversation: what opens it, how many messages it holds, and how long."""

    kinds: Annotated[tuple[str, ...], Field(min_length=1)]
    """The kinds of interactions by which a customer opens it."""
    messages: Annotated[int, Field(ge=1)]
    within: Annotated[timedelta, BeforeValidator(as_duration)]


class Account(BaseModel):
    """One sending account: who it is and what it may spend, as data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: float | None = Field(default=None, gt=0, description="messages per second")
    per_day: int | None = Field(default=None, ge=0, description="messages per day")
    per_month: int | None = Field(default=None, ge=0, description="per calendar month")
    price: Decimal = Field(
        default=Decimal(0),
        ge=0,
        description="what one message (one SMS) costs, in the home currency",
    )
    ramp_up: tuple[int, ...] = Field(
        default=(), description="messages per day of a new account, first day first"
    )
    started_on: date | None = Field(
        default=None, description="the first day of `ramp_up`"
    )
    stop_after: int = Field(
        default=20, ge=1, description="failures in a row that let the account rest"
    )
    rest: float = Field(
        default=60, gt=0, description="how many seconds, doubled each time to an hour"
    )
    windows: tuple[Window, ...] = Field(
        default=(), description="conversations without which nobody is written to"
    )
    team: tuple[str, ...] = Field(
        default=(), description="your own addresses, for `regulars test-send`"
    )

    @property
    def scope(self) -> str | None:
        """The identities this account reaches (an app id); None: all of the kind."""
        return None

    def way_out(self, token: str) -> str | None:
        """The link by which a reader of marketing leaves, to be seen in its words.

        None: this channel has another way out, which the words must say themselves.
        """
        return None


class Channel(ABC):
    """One way to a customer. `send` does not raise for trouble of the provider."""

    name: ClassVar[str]
    """The name of its file."""
    identifier: ClassVar[str]
    """The kind of identifier that is its address: email, phone, openid …"""
    consent: ClassVar[str]
    """Its name in `consents`."""
    account_type: ClassVar[type[Account]] = Account
    batch: ClassVar[int] = 100
    """How many intents are committed together: in doubt when a machine is lost."""
    dedupes_for: ClassVar[timedelta | None] = None
    """How long the provider recognises a key that it has seen; None: it does not."""
    can_ask: ClassVar[bool] = False
    """Whether `ask` finds out what became of a message."""
    ask_after: ClassVar[timedelta] = timedelta(minutes=2)
    """When an answer to `ask` can be relied on."""
    asks: ClassVar[int] = 8
    """After so many unclear answers, each later than the last, a person must look."""
    attempts: ClassVar[int] = 6
    """After this many refusals a message is given up."""
    first_delay: ClassVar[timedelta] = timedelta(minutes=1)
    longest_delay: ClassVar[timedelta] = timedelta(hours=4)
    windows: ClassVar[tuple[Window, ...]] = ()
    """Where messages may go only to those who have spoken lately; none: to all.

    An account may have its own, which then hold instead.
    """
    is_paid_by_piece: ClassVar[bool] = False
    """Whether an account's price is that of one piece (a segment), not of a message."""
    shows_way_out: ClassVar[bool] = False
    """Whether its marketing shows the link of `Account.way_out`."""
    is_for_marketing: ClassVar[bool] = True
    """False: the platform forbids campaigns here; service messages only."""

    def __init__(self, account: str, settings: Any) -> None:
        self.account = account
        self.settings = settings

    @abstractmethod
    def send(
        self, messages: Sequence[Message], may_leave: MayLeave
    ) -> Generator[Result, None, None]:
        """Yield one result per message, each as soon as it is known.

        `may_leave(message)` is called right before that message could reach the
        provider; when it says False the message ends as NOT_SENT. A message for
        which it was not called has surely not been sent. A read that times out
        after the request was written is UNKNOWN_OUTCOME.
        """

    def ask(self, messages: Sequence[Message]) -> Iterator[Result]:
        """What became of messages in doubt: ACCEPTED, DELIVERED, NOT_SENT or unknown.

        No result for a message: the provider does not say. So it is for all of them
        where it cannot be asked.
        """
        return iter(())

    @staticmethod
    def pieces(text: str) -> int:
        """Of how many pieces a message with these words is."""
        return 1

    def check(self) -> None:  # noqa: B027 - most have nothing to try
        """Try the credentials once; raises an error that says what to change."""

    def close(self) -> None:  # noqa: B027 - not all hold connections
        """Let go of connections; sending again opens new ones."""
