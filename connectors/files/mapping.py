"""What a mapping file may say: which cell of a file becomes which canonical column."""

from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from connectors.files.entities import CLOSED_WORDS, REQUIRED, columns_of
from connectors.files.names import closest

NumberStyle = Literal[
    "1234.50", "1,234.50", "1234,50", "1.234,50", "1 234,50", "1'234.50"
]

NO_BOOLEAN = "YAML reads yes, no, on and off as true and false: write them in quotes"


def _as_names(given: Any) -> Any:
    if isinstance(given, bool):
        raise ValueError(NO_BOOLEAN)
    return (given,) if isinstance(given, str) else given


def _as_column(given: Any) -> Any:
    return {"from": given} if isinstance(given, str | list | bool) else given


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is not an IANA time zone like Asia/Shanghai") from None
    return name


def _quoted_words(given: Any) -> Any:
    if isinstance(given, dict) and any(isinstance(word, bool) for word in given):
        raise ValueError(NO_BOOLEAN)
    if isinstance(given, dict):
        return {str(word): value for word, value in given.items()}
    return given


# The names that one column of the file goes by; the first that is found is taken.
Names = Annotated[tuple[str, ...], BeforeValidator(_as_names), Field(min_length=1)]


class Strict(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WordIf(Strict):
    """A word that means one thing if another cell is filled, else another."""

    filled: Names
    then: str
    otherwise: str


class Column(Strict):
    """Where one canonical column comes from: a name, names, or these keys."""

    from_: Names | None = Field(default=None, alias="from")
    product: tuple[Names, ...] | None = Field(
        default=None, description="numbers of the same line that are multiplied"
    )
    latest: tuple[Names, ...] | None = Field(
        default=None, description="times of the same line of which the latest counts"
    )
    joined: tuple[Names, ...] | None = Field(
        default=None,
        description="texts of the same line with `-` between them: a key, where the "
        "file has no id of its own",
    )
    optional: bool = Field(
        default=False, description="whether files without this column are fine"
    )
    words: Annotated[
        dict[str, str | bool | WordIf] | None, BeforeValidator(_quoted_words)
    ] = None
    dates: tuple[str, ...] | None = None
    numbers: NumberStyle | None = None
    money_unit: Literal["yuan", "fen"] | None = None
    negate: bool = Field(
        default=False, description="-3 in the file means 3, as in credit notes"
    )

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        given = [self.from_, self.product, self.latest, self.joined]
        if sum(place is not None for place in given) != 1:
            raise ValueError(
                "needs exactly one of `from`, `product`, `latest`, `joined`"
            )
        return self

    @property
    def sources(self) -> tuple[Names, ...]:
        """The columns of the file that are read, each with its aliases."""
        conditions = [
            word.filled
            for word in (self.words or {}).values()
            if isinstance(word, WordIf)
        ]
        several = self.product or self.latest or self.joined
        first = several or (self.from_ or (),)
        return (*first, *dict.fromkeys(conditions))

    @property
    def meanings(self) -> set[str | bool]:
        """Every canonical value that a word of this column can stand for."""
        found: set[str | bool] = set()
        for word in (self.words or {}).values():
            if isinstance(word, WordIf):
                found |= {word.then, word.otherwise}
            else:
                found.add(word)
        return found


AnyColumn = Annotated[Column, BeforeValidator(_as_column)]


class Identifier(Column):
    """A further identifier of the person, for example a unionid."""

    scope: str = Field(default="", description="the app or corp the value belongs to")


class TagList(Strict):
    """A cell with several tags in it."""

    from_: Names = Field(alias="from")
    separator: str = ","


class StreamMapping(Strict):
    """One stream of a file: its lines become rows of `entity`."""

    entity: Literal["orders", "refunds", "reviews", "customers", "interactions"]
    holds_whole_orders: bool = Field(
        default=True,
        description="whether a file that has an order has all its lines: then lines "
        "that are gone from a newer file are removed",
    )
    repeated_lines: Literal["keep", "quarantine"] = Field(
        default="keep",
        description="what a line is that repeats another one of its order exactly: a "
        "second piece (keep) or entered twice by mistake (quarantine)",
    )
    columns: dict[str, AnyColumn]
    constants: dict[str, str | int | bool] = {}
    consents: dict[str, AnyColumn] = {}
    tags: dict[str, AnyColumn] = {}
    tag_list: TagList | None = None
    identifiers: dict[str, Annotated[Identifier, BeforeValidator(_as_column)]] = {}

    @model_validator(mode="after")
    def _fits_the_entity(self) -> Self:
        allowed = columns_of(self.entity)
        for name in (*self.columns, *self.constants):
            if name not in allowed:
                raise ValueError(
                    f"{self.entity} have no column '{name}'{closest(name, allowed)}"
                )
        if twice := self.columns.keys() & self.constants.keys():
            raise ValueError(f"both a column and a constant: {', '.join(twice)}")
        given = self.columns.keys() | self.constants.keys()
        if missing := [name for name in REQUIRED[self.entity] if name not in given]:
            raise ValueError(
                f"{self.entity} need a column or a constant for {', '.join(missing)}"
            )
        self._has_known_words()
        return self

    def _has_known_words(self) -> None:
        for name, allowed in CLOSED_WORDS[self.entity].items():
            column = self.columns.get(name)
            meant = column.meanings if column else {self.constants[name]}
            for word in sorted(map(str, meant - set(allowed))):
                raise ValueError(
                    f"{name} '{word}' is unknown; allowed: {', '.join(allowed)}"
                )


class Split(Strict):
    """Which line belongs to which stream; every line belongs to exactly one."""

    column: Names
    starts_with: dict[str, str]
    otherwise: str


class FillDownColumns(Strict):
    """Cells that an export writes only on the first of several lines."""

    same: Names = Field(description="the column that is the same on all these lines")
    columns: tuple[Names, ...] = Field(min_length=1)


class FileMapping(Strict):
    """One layout of files."""

    description: str
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        default=None, description="left out: whichever fits the header"
    )
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: str | None = Field(
        default=None, description="left out: by byte order mark, else UTF-8 or GB18030"
    )
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    dates: tuple[str, ...] = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
    numbers: NumberStyle = "1234.50"
    money_unit: Literal["yuan", "fen"] = "yuan"
    empty: tuple[str, ...] = Field(
        default=(), description="what the file writes where it knows nothing"
    )
    spreadsheet_marks: Literal["ids", "all", "none"] = Field(
        default="ids",
        description='from which cells ="…" and a leading \' are taken away; '
        "`ids` is all but texts",
    )
    fill_down: FillDownColumns | None = None
    split: Split | None = None
    streams: dict[str, StreamMapping] = Field(min_length=1)

    @model_validator(mode="after")
    def _gives_every_line_a_stream(self) -> Self:
        if self.split is None:
            if len(self.streams) > 1:
                raise ValueError("several streams need a `split` that divides lines")
            return self
        meant = {*self.split.starts_with.values(), self.split.otherwise}
        if unknown := meant - self.streams.keys():
            raise ValueError(f"split names a stream '{unknown.pop()}' that is not here")
        if unused := self.streams.keys() - meant:
            raise ValueError(f"split gives the stream '{unused.pop()}' no line")
        return self
