"""What people did where no interface tells it, from files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.files import Feed, FileStream, mapping_file

NOW = datetime(2026, 2, 1, tzinfo=UTC)
NOTES = """\
note_id,comment_id,user_id_hash,nickname,kind,text,occurred_at
n1,6650000000000000000001,u-1,小满,comment,什么时候补货,2026-01-10 09:00:00
n1,,u-1,小满,like,,2026-01-10 09:01:00
n1,,u-2,阿布,like,,2026-01-10 09:01:00
,,u-2,阿布,follow,,2026-01-10 09:02:00
n2,6650000000000000000002,u-3,一一,评论,"好看, 想要",2026-01-11 10:00
n2,,u-3,一一,dm,在吗,2026-01-11 10:05
n3,,u-4,小北,dance,,2026-01-12 10:05
"""
EVENTS = """\
群名,成员ID,手机号,类型,时间,内容,渠道码
茶友 1 群,m-1,13800000001,入群,2026-01-10 09:00,,store-7
茶友 1 群,m-1,13800000001,发言,2026-01-10 09:01,这款几月采的,
茶友 1 群,m-2,,退群,2026-01-10 09:02,,
"""


def opened(path: Path, mapping: str, stream: str) -> FileStream:
    feed = Feed(str(path), mapping_file.load(mapping), settle_seconds=0)
    return FileStream("friends", stream, feed)


def rows(stream: FileStream) -> list[dict[str, Any]]:
    found = [row for page in stream.pull(None, NOW) for row in page.records]
    return [dict(zip(stream.columns, row, strict=True)) for row in found]


def written(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_a_comment_goes_by_its_own_id(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.csv", NOTES)
    first, second = rows(opened(path, "xiaohongshu_interactions", "comments"))
    assert first["interaction_key"] == "6650000000000000000001"
    assert (first["kind"], first["buyer_id"]) == ("comment", "u-1")
    assert (first["body"], first["problem"]) == ("什么时候补货", None)
    assert first["happened_at"] == "2026-01-10T01:00:00+00:00"
    assert (second["kind"], second["body"]) == ("comment", "好看, 想要")


def test_what_has_no_id_goes_by_who_what_and_when(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.csv", NOTES)
    found = rows(opened(path, "xiaohongshu_interactions", "others"))
    assert [row["kind"] for row in found] == ["like", "like", "follow", "message", None]
    keys = [row["interaction_key"] for row in found]
    assert keys[0] == "n1-u-1-like-2026-01-10 09:01:00"
    assert keys[2] == "-u-2-follow-2026-01-10 09:02:00"
    assert len(set(keys)) == 5
    assert "dance" in found[4]["problem"]


def test_a_comment_id_that_a_spreadsheet_damaged_is_named(tmp_path: Path) -> None:
    damaged = NOTES.replace("6650000000000000000001", "6.65E+21")
    path = written(tmp_path / "notes.csv", damaged)
    first = rows(opened(path, "xiaohongshu_interactions", "comments"))[0]
    assert first["interaction_key"] is None
    assert "6.65E+21" in first["problem"]


def test_a_key_is_not_joined_from_damaged_ids(tmp_path: Path) -> None:
    path = written(tmp_path / "notes.csv", NOTES.replace("n1,,u-1", "6.65E+21,,u-1"))
    first = rows(opened(path, "xiaohongshu_interactions", "others"))[0]
    assert first["interaction_key"] is None
    assert "6.65E+21" in first["problem"]


def test_a_community_names_its_members_and_the_code_they_came_by(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "events.csv", EVENTS)
    joined, asked, left = rows(opened(path, "community_interactions", "interactions"))
    assert (joined["kind"], joined["code"]) == ("join", "store-7")
    assert (joined["account"], joined["phone"]) == ("茶友 1 群", "13800000001")
    assert (asked["kind"], asked["body"]) == ("message", "这款几月采的")
    assert (left["kind"], left["phone"], left["code"]) == ("leave", None, None)
