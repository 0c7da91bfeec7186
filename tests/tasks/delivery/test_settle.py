"""What came back is written down, whatever it says."""

from sqlalchemy import Engine, text

from tasks.delivery.settle import Line, append
from tests.ledger_world import NOON


def test_whatever_a_provider_says_is_kept(engine: Engine) -> None:
    odd = 'a\t"b"\\N{},\n谢谢'
    lines: list[Line] = [
        (1, 1, "accepted", None, None),
        (2, 1, "accepted", odd, "null"),
        (3, 2, "accepted", "a\0b", "half \ud83d"),
        (4, 1, "failed", "", None),
        (5, 1, "failed", None, None),
    ]
    with engine.begin() as connection:
        append(connection, lines, NOON)
        append(connection, [], NOON)
        query = "select * from outcome order by touch_id"
        found = [
            (row.touch_id, row.number, row.outcome, row.reason, row.provider_id)
            for row in connection.execute(text(query))
        ]
    assert found == [*lines[:2], (3, 2, "accepted", "ab", "half ?"), *lines[3:]]
