-- Which batch of the stream was begun and not yet loaded?
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
