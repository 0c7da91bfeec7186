-- Which backfill of the stream was begun and has not come to its end?
select
    backfill_id,
    since,
    until,
    position
from backfill
where source = :source and stream = :stream and finished_at is null
