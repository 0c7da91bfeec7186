"""Great Expectations' Data Docs, made to open without a network, and an index."""

import html
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from tasks.ingest import suite
from tasks.ingest.refuse import Broken

# Pages of older runs are deleted.
KEPT = 100

# The pages are made for a style sheet from the network; this is what they need of it.
STYLE = (Path(__file__).parent / "data_docs.css").read_text(encoding="utf-8")

# What needs the network, or links to pages that are not made here.
OUTSIDE = (
    (re.compile(r"<script\b.*?</script>", re.S), ""),
    (re.compile(r"<link\b[^>]*>"), ""),
    (re.compile(r"<img\b[^>]*>", re.S), "Data Docs"),
    (re.compile(r"<footer\b.*?</footer>", re.S), ""),
    (re.compile(r'<a href="(?:\.\./)+expectations/[^>]*>(.*?)</a>', re.S), r"\1"),
    (re.compile(r'"(?:\.\./)+index\.html"'), '"index.html"'),
    (re.compile(r'<a [^>]*href="https?:[^>]*>(.*?)</a>', re.S), r"\1"),
)
MARK = re.compile(r"<!-- run (\{.*?\}) -->")


def write(docs: Path, batch: RowMapping, result: Any, broken: Sequence[Broken]) -> Path:
    """The page of this run in `docs`, linked from its `index.html`; its path.

    The counts shown are those of quarantine's SQL, since Great Expectations was asked
    for pass or fail only.
    """
    docs.mkdir(parents=True, exist_ok=True)
    _add_counts(result, batch, {one.name: one.records for one in broken})
    name = re.sub(r"[^\w-]+", "_", f"{batch['source']}-{batch['stream']}")
    page = docs / f"{int(batch['batch_id']):08}-{name}.html"
    _replace(page, _mark(batch) + _offline(_rendered(result)))
    for old in _pages(docs)[KEPT:]:
        old.unlink(missing_ok=True)
    _replace(docs / "index.html", _index(docs))
    return page


def _add_counts(result: Any, batch: RowMapping, broken: dict[str, int]) -> None:
    """Records per rule, in the words of Great Expectations."""
    for one in result.results:
        bad = broken.get(suite.name_of(one), 0)
        one.result.update(
            element_count=batch["records"],
            unexpected_count=bad,
            unexpected_percent=100 * bad / batch["records"],
            observed_value=f"{bad:,} of {batch['records']:,} records" if bad else "all",
        )


def _rendered(result: Any) -> str:
    from great_expectations.render.renderer.page_renderer import (
        ValidationResultsPageRenderer,
    )
    from great_expectations.render.view.view import DefaultJinjaPageView

    document = ValidationResultsPageRenderer(run_info_at_end=True).render(result)
    view: Any = DefaultJinjaPageView()
    page: str = view.render(document)
    return page


def _offline(page: str) -> str:
    for pattern, replacement in OUTSIDE:
        page = pattern.sub(replacement, page)
    return page.replace("</head>", f"<style>{STYLE}</style></head>", 1)


def _mark(batch: RowMapping) -> str:
    """What the index says of a page, kept in the page itself."""
    names = ("batch_id", "source", "stream", "state", "records", "quarantined")
    told = {name: batch[name] for name in names}
    told["warned"] = batch["warned"]
    told["at"] = f"{batch['validated_at']:%Y-%m-%d %H:%M} UTC"
    return f"<!-- run {json.dumps(told).replace('--', '- -')} -->\n"


def _pages(docs: Path) -> list[Path]:
    """The pages of runs, the latest first."""
    return sorted(docs.glob("[0-9]*-*.html"), reverse=True)


def _index(docs: Path) -> str:
    lines = []
    for page in _pages(docs):
        found = MARK.match(page.read_text(encoding="utf-8"))
        if found:
            lines.append(_line(page.name, json.loads(found[1])))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Validations</title><style>{STYLE}</style></head><body>"
        '<div class="container-fluid"><h4>Validations, the latest first</h4>'
        '<table class="table"><thead><tr><th>Batch</th><th>When</th><th>Stream</th>'
        "<th>Records</th><th>Quarantined</th><th>Warned</th><th>State</th></tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div></body></html>\n"
    )


def _line(name: str, run: dict[str, Any]) -> str:
    cells = [
        f'<a href="{html.escape(name)}">{run["batch_id"]}</a>',
        html.escape(run["at"]),
        html.escape(f"{run['source']}/{run['stream']}"),
        *(f"{run[count]:,}" for count in ("records", "quarantined", "warned")),
        html.escape(run["state"]),
    ]
    return f"<tr><td>{'</td><td>'.join(cells)}</td></tr>"


def _replace(page: Path, content: str) -> None:
    """Never half a page, also when two runs write at once."""
    unfinished = page.with_name(f".{page.name}.{os.getpid()}")
    unfinished.write_text(content, encoding="utf-8")
    unfinished.replace(page)
