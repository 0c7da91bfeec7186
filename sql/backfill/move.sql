-- Up to when is the history staged?
update backfill
set position = cast(:cursor as timestamptz)
where backfill_id = :backfill_id
