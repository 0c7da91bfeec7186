-- Which batch of the stream, or of its backfill, was begun and not yet loaded?
select
    batch_id,
    state,
    records
from batch
where
    source = :source
    and stream = :stream
    and state in ('landing', 'landed')
    and not is_replay
    and backfill_id is not distinct from cast(:backfill_id as bigint)
