"""A million orders loaded, and the same million once more."""

from sqlalchemy import Engine, text

from flows.bench import Figure, figure
from tasks import database
from tasks.ingest.load import load

BATCH = """
insert into batch (source, stream, entity, state, records, record_key, validated_at)
values ('bench', 'orders', 'orders', 'landed', :count, '{order_number}', now())
returning batch_id
"""
STAGED = """
insert into staging.orders_{batch} (
    record_no, place, raw, order_number, status, ordered_at, paid_at, updated_at,
    currency, order_amount, buyer_id, product_id, product_title, quantity, unit_price
)
select
    number, 'page 1', '{{}}', 'E' || number, 'finished', ordered_at, ordered_at,
    ordered_at, 'CNY', number % 500, 'b' || number / 4, 'P' || number % 2000,
    'Product ' || number % 2000, 1, number % 500
from (
    select
        number,
        timestamptz '2025-01-01' + number % 500000 * interval '1 minute' as ordered_at
    from generate_series(1, :count) as series (number)
) as made
"""


def figures(address: str, count: int) -> list[Figure]:
    """Time and write-ahead log of loading what is known already."""
    with database.scratch("regulars_bench_upsert", address) as there:
        engine = database.engine(there)
        first, _ = _load(engine, count)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
            alone.exec_driver_sql("vacuum analyze")
        again, written = _load(engine, count)
    name = f"{count:,} unchanged orders"
    return [
        figure("scale", f"loading {name}", again, first, "the first load", "s", 1 / 3),
        figure("scale", f"log of loading {name}", written, 50, "the limit", "MB", 1),
    ]


def _load(engine: Engine, count: int) -> tuple[float, float]:
    from flows.bench.scale import seconds

    batch_id = _stage(engine, count)
    before = _written(engine)
    taken = seconds(lambda: load(engine, batch_id))
    return taken, (_written(engine) - before) / 2**20


def _stage(engine: Engine, count: int) -> int:
    with engine.begin() as connection:
        values = {"count": count}
        batch_id = int(connection.execute(text(BATCH), values).scalar_one())
        connection.exec_driver_sql(
            f"create table staging.orders_{batch_id} (like staging.orders);"
            f"create table staging.refused_{batch_id} (record_no bigint primary key)"
        )
        connection.execute(text(STAGED.format(batch=batch_id)), values)
        connection.exec_driver_sql(f"analyze staging.orders_{batch_id}")
    return batch_id


def _written(engine: Engine) -> int:
    with engine.connect() as connection:
        lsn = "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
        return int(connection.exec_driver_sql(lsn).scalar_one())
