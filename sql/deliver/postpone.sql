-- Put an order back for later, and say why.
update chunk
set
    not_before = :not_before,
    open_until = coalesce(cast(:open_until as timestamptz), open_until),
    hold = :hold,
    lease_id = null
where chunk_id = :chunk and lease_id = :lease;
