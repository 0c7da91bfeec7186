-- It has come to its end, or somebody gave it up.
update backfill
set finished_at = :now, is_given_up = :is_given_up
where backfill_id = :backfill_id and finished_at is null
