-- How far did it come?
select position
from backfill
where backfill_id = :backfill_id
