-- This order is done: each of its messages is settled, ordered anew or parked.
update chunk
set state = 'done'
where chunk_id = :chunk and lease_id = :lease;
