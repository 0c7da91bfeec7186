-- What became of some messages that ended alike.
insert into outcome (touch_id, happened_at, number, outcome, reason, provider_id)
select
    touch_id,
    cast(:at as timestamptz) as happened_at,
    cast(:number as smallint) as number,
    cast(:became as text) as outcome,
    reason,
    provider_id
from
    unnest(
        cast(:ids as bigint[]), cast(:reasons as text[]), cast(:idents as text[])
    ) as ended (touch_id, reason, provider_id);
