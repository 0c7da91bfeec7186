-- Begin a backfill; how far does it reach?
insert into backfill (source, stream, since, until, position, started_at)
values (:source, :stream, :since, :until, :since, :now)
returning backfill_id, since, until, position
