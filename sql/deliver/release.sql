-- Leave what could not be handled to whoever comes next.
update chunk
set touch_ids = cast(:ids as bigint[])
where chunk_id = :chunk and lease_id = :lease;
