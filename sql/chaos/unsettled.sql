-- How much is still to be done by machines?
select
    (
        select count(*)
        from chunk
        where state = 'open'
    ) + (
        select count(*)
        from lease
        where
            ends_at > clock_timestamp()
            and exists (
                select
                from chunk
                where chunk.lease_id = lease.lease_id and chunk.state = 'open'
            )
    ) as orders;
