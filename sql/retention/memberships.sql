-- Which memberships ended so long ago that nobody compares with them?
delete from segment_members
where
    ctid in (
        select old.ctid
        from segment_members as old
        where old.left_at < :older_than
        order by old.left_at
        limit :most
        for update skip locked
    );
