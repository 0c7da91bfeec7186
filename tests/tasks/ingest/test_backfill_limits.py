"""History that a platform does not give is refused at once, with the way out."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import Engine

from connectors.sandbox.taobao import APP_KEY, APP_SECRET, TaobaoDouble
from connectors.sandbox.youzan_world import World
from flows.commands.sources import command

AS_OF = datetime(2011, 12, 10, 1, tzinfo=UTC)
REFUSED = (
    r"tmall\.orders: tmall: orders: nothing older than 90 days can be asked for: begin "
    r"at (\d{4}-\d\d-\d\d), and take what is older from a file export: a source of its "
    r"own, with connector: files, mapping: taobao_orders\n"
)


def source(double: TaobaoDouble) -> str:
    return f"""
tmall:
  connector: taobao
  base_url: {double.url}/router/rest
  token_url: {double.url}/token
  app_key: '{APP_KEY}'
  app_secret: {APP_SECRET}
  access_token: {double.access}
  since: 2011-12-09
  streams: [orders]
"""


def test_orders_that_taobao_has_forgotten_come_from_a_file(
    home: Path, engine: Engine
) -> None:
    with TaobaoDouble(World(3, AS_OF, 20)) as double:
        file = home / "sources.yaml"
        file.write_text(source(double))
        words = ["backfill", "tmall", "--file", str(file), "--since"]
        refused = CliRunner().invoke(command, [*words, "2024-02-03"])
        found = re.fullmatch(REFUSED, refused.output)
        assert found and refused.exit_code == 1, refused.output
        assert not double.seen

        # What it advises can be done, and nothing of the refused span is in the way.
        double.now = datetime.now(UTC)
        until = datetime.fromisoformat(found[1]) + timedelta(days=2)
        begun = [*words, found[1], "--until", until.isoformat()]
        outcome = CliRunner().invoke(command, begun)
        assert outcome.exit_code == 0, outcome.output
        assert "tmall.orders: done" in outcome.output and double.seen
