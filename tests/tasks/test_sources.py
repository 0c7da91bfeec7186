"""The sources file: what is in it, what is wrong with it, and whether it works."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from connectors.sandbox.youzan import CLIENT_ID, CLIENT_SECRET, SHOP, YouzanDouble
from connectors.sandbox.youzan_world import World
from flows.commands.sources import command, line
from tasks import sources
from tasks.sources import Source

AS_OF = datetime(2011, 12, 10, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
GOOD = """\
youzan_main:
  connector: youzan
  client_id: demo
  client_secret: ${SHOP_SECRET}
  grant_id: 12
  since: 2025-01-01
"""

Write = Callable[[str], Path]
SHIPPED = Path(__file__).parents[2] / "deployments" / "sources.yaml"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setenv("SHOP_SECRET", "s3cret-of-the-shop")
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> Path:
        file = tmp_path / "sources.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return written


def complaint(file: Path) -> str:
    with pytest.raises(sources.SourcesError) as caught:
        sources.load(file)
    return str(caught.value)


def test_a_source_has_the_streams_of_its_connector(write: Write) -> None:
    (source,) = sources.load(write(GOOD))
    assert (source.name, source.connector) == ("youzan_main", "youzan")
    names = {stream.name for stream in source.streams}
    assert names == {"orders", "refunds", "reviews", "customers"}
    assert {stream.source for stream in source.streams} == {"youzan_main"}


def test_a_variable_is_taken_from_the_environment(write: Write) -> None:
    (source,) = sources.load(write(GOOD))
    config = source.streams[0].config  # type: ignore[attr-defined]
    assert config.client_secret.get_secret_value() == "s3cret-of-the-shop"


def test_a_variable_is_taken_from_the_env_file_too(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_SECRET")
    file = write(GOOD)
    (file.parent / ".env").write_text("SHOP_SECRET=from-the-file\n")
    monkeypatch.setenv("REGULARS_ENV_FILE", str(file.parent / ".env"))
    (source,) = sources.load(file)
    config = source.streams[0].config  # type: ignore[attr-defined]
    assert config.client_secret.get_secret_value() == "from-the-file"


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named_with_file_line_and_key(
    write: Write, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("SHOP_SECRET")
    if value is not None:
        monkeypatch.setenv("SHOP_SECRET", value)
    said = complaint(write(GOOD))
    assert "sources.yaml:4" in said
    assert '"youzan_main.client_secret" needs the environment variable SHOP_SE' in said


def test_an_unknown_connector_lists_those_that_there_are(write: Write) -> None:
    said = complaint(write(GOOD.replace("connector: youzan", "connector: amazon")))
    assert "sources.yaml:2" in said
    allowed = ", ".join(sources.connector_names())
    assert f'no connector "amazon" (a file in connectors/); allowed: {allowed}' in said


def test_a_slip_in_a_connectors_name_is_recognised(write: Write) -> None:
    said = complaint(write(GOOD.replace("connector: youzan", "connector: youzna")))
    assert 'did you mean "youzan"?' in said


def test_what_is_no_connector_cannot_be_chosen(write: Write) -> None:
    said = complaint(write(GOOD.replace("connector: youzan", "connector: client")))
    assert 'no connector "client"' in said


def test_an_unknown_key_is_named_with_file_and_line(write: Write) -> None:
    said = complaint(write(GOOD + "  page_sice: 20\n"))
    assert "sources.yaml:7" in said
    assert 'unknown key "youzan_main.page_sice"; did you mean "page_size"?' in said


def test_a_missing_key_is_named(write: Write) -> None:
    said = complaint(write(GOOD.replace("  grant_id: 12\n", "")))
    assert 'the key "youzan_main.grant_id" is missing' in said


def test_a_wrong_value_is_shown_with_what_is_allowed(write: Write) -> None:
    said = complaint(write(GOOD + "  page_size: 500\n"))
    assert "sources.yaml:7" in said
    assert '"youzan_main.page_size" is "500": ' in said
    assert "less than or equal to 100" in said


@pytest.mark.parametrize("secret", ["[s3cret-of-the-shop]", "12345678"])
def test_a_wrong_secret_is_not_shown(write: Write, secret: str) -> None:
    said = complaint(write(GOOD.replace("${SHOP_SECRET}", secret)))
    assert "youzan_main.client_secret" in said
    assert secret.strip("[]") not in said


def test_a_value_from_the_environment_is_not_shown(write: Write) -> None:
    said = complaint(write(GOOD.replace("grant_id: 12", "grant_id: ${SHOP_SECRET}")))
    assert "youzan_main.grant_id" in said
    assert "s3cret-of-the-shop" not in said


@pytest.mark.parametrize("name", ["YouzanMain", "1shop", "shop-one", "店"])
def test_a_name_must_fit_into_every_row(write: Write, name: str) -> None:
    said = complaint(write(GOOD.replace("youzan_main", name)))
    assert f'the source "{name}" must be named in lower-case' in said


def test_a_name_is_given_once(write: Write) -> None:
    said = complaint(write(GOOD + GOOD))
    assert '"youzan_main" is given twice, first in line 1' in said


@pytest.mark.parametrize("text", ["- youzan", "youzan", "youzan_main: 5", ""])
def test_a_file_that_names_no_sources_is_refused(write: Write, text: str) -> None:
    assert "sources.yaml" in complaint(write(text))


def test_a_source_needs_a_connector(write: Write) -> None:
    said = complaint(write("shop:\n  since: 2025-01-01\n"))
    there_are = ", ".join(sources.connector_names())
    assert f'"shop" needs the key "connector"; there are {there_are}' in said


def test_all_problems_are_told_at_once(write: Write) -> None:
    other = GOOD.replace("youzan_main", "second").replace("grant_id", "grand_id")
    said = complaint(write(GOOD + "  page_size: 0\n" + other))
    assert "youzan_main.page_size" in said
    assert "second.grand_id" in said
    assert "second.grant_id" in said


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere.yaml" in complaint(tmp_path / "nowhere.yaml")


def test_a_stream_is_found_by_source_and_name(write: Write) -> None:
    known = sources.load(write(GOOD))
    assert sources.stream(known, "youzan_main", "orders").name == "orders"
    with pytest.raises(LookupError, match=r"no stream youzan_main\.order: there are"):
        sources.stream(known, "youzan_main", "order")


def test_a_source_is_found_by_its_name(write: Write) -> None:
    file = write(GOOD)
    assert sources.find("youzan_main", file).connector == "youzan"
    with pytest.raises(LookupError, match=r"no source 'shop': there are youzan_main"):
        sources.find("shop", file)


def test_the_shipped_file_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    fill(monkeypatch, SHIPPED.read_text("utf-8"))
    assert [source.name for source in sources.load(SHIPPED)] == ["youzan_main"]


def test_the_shipped_file_has_a_right_example_of_every_connector(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SHIPPED.read_text("utf-8")
    fill(monkeypatch, text)
    known = sources.load(write("\n\n".join(map(in_use, text.split("\n\n")))))
    used = {source.connector for source in known}
    assert used == set(sources.connector_names())


def fill(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Something for every variable that the file wants of the environment."""
    for name in set(re.findall(r"\$\{(\w+)\}", text)):
        monkeypatch.setenv(name, "1" * 43)


def in_use(paragraph: str) -> str:
    """An entry without the signs that comment it and its options out."""
    before, _, entry = paragraph.partition("\n# ")
    if re.match(r"# [a-z_]+:\n", paragraph):
        before, entry = "", paragraph.removeprefix("# ")
    elif not re.match(r"[a-z_]+:\n", entry):
        before, entry = paragraph, ""
    entry = entry.replace("\n# ", "\n")
    return re.sub(r"\n  # ([a-z_]+: )", r"\n  \1", f"{before}\n{entry}")


@pytest.fixture
def youzan(write: Write) -> Iterator[tuple[YouzanDouble, Path]]:
    with YouzanDouble(World(1, AS_OF, 20)) as double:
        yield (
            double,
            write(
                "shop:\n  connector: youzan\n"
                f"  base_url: {double.url}\n  client_id: {CLIENT_ID}\n"
                f"  client_secret: {CLIENT_SECRET}\n  grant_id: {SHOP}\n"
                "  since: 2011-01-01\n"
            ),
        )


def test_the_command_says_what_works(youzan: tuple[YouzanDouble, Path]) -> None:
    _, file = youzan
    outcome = CliRunner().invoke(command, ["check", "--file", str(file)])
    assert outcome.output.splitlines() == [
        "shop.customers: works",
        "shop.orders: works",
        "shop.refunds: works",
        "shop.reviews: works",
    ]
    assert outcome.exit_code == 0


def test_the_command_says_what_does_not_work_and_why(
    youzan: tuple[YouzanDouble, Path],
) -> None:
    double, file = youzan
    refusal = {"code": 4007, "success": False, "message": "no permission"}
    double.fail_with(refusal, path="refund")
    outcome = CliRunner().invoke(command, ["check", "shop", "--file", str(file)])
    lines = outcome.output.splitlines()
    assert "shop.orders: works" in lines
    assert lines[2].startswith("shop.refunds: does not work (somebody must look): shop")
    assert "code 4007: no permission" in lines[2]
    assert outcome.exit_code == 1


def test_a_stream_that_is_pushed_says_whether_it_can_be_heard(tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    keys = "connector: weibo, access_token: t, account: 1, since: 2025-01-01"
    file.write_text(
        f"deaf: {{{keys}, streams: [messages]}}\n"
        f"open: {{{keys}, streams: [messages], app_secret: secret}}\n"
    )
    outcome = CliRunner().invoke(command, ["check", "--file", str(file)])
    deaf, hears = outcome.output.splitlines()
    assert deaf.startswith("deaf.messages: does not work (somebody must look): ")
    assert "the platform calls us" in deaf
    assert "set app_secret of deaf, or give it `streams` without messages" in deaf
    assert hears == "open.messages: waits for callbacks"
    assert outcome.exit_code == 1


@pytest.mark.parametrize(
    ("connector", "keys"),
    [
        ("wechat", "callback_token"),
        ("wecom", "callback_token and encoding_aes_key"),
    ],
)
def test_a_pushed_stream_that_nobody_asked_for_is_no_failure(
    connector: str, keys: str
) -> None:
    module = import_module(f"connectors.{connector}")
    given = {"secret": "s3cret", "since": "2025-01-01"}
    whose = {"wechat": "app_id", "wecom": "corp_id"}[connector]
    config = module.Config.model_validate({**given, whose: "demo"})
    found = [one for one in module.streams("brand", config) if one.is_pushed]
    assert module.callbacks("brand", config) is None
    (checked,) = sources.check([Source("brand", connector, found, config=config)])
    assert checked.error is None
    assert checked.hint and f"set {keys} of brand" in checked.hint
    assert line(checked).startswith("brand.events: takes no callbacks: nothing is")


def test_the_command_knows_which_sources_there_are(
    youzan: tuple[YouzanDouble, Path],
) -> None:
    _, file = youzan
    outcome = CliRunner().invoke(command, ["check", "other", "--file", str(file)])
    assert "no source other: there are shop" in outcome.output
    assert outcome.exit_code == 1
