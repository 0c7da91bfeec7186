-- Give a lease back: its unfinished orders are free at once.
update lease
set ends_at = least(ends_at, clock_timestamp())
where lease_id = :lease;
