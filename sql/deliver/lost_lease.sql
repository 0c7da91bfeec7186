-- Which lease did this dead worker hold? It ends now.
update lease
set ends_at = least(ends_at, clock_timestamp())
where worker = :worker
returning lease_id;
