-- Prolong a lease that has not ended.
update lease
set ends_at = clock_timestamp() + cast(:lasts as interval)
where lease_id = :lease and ends_at > clock_timestamp()
returning lease_id;
