-- Which refused records were settled so long ago that nobody asks for them?
delete from quarantine
where
    quarantine_id in (
        select old.quarantine_id
        from quarantine as old
        where old.resolved_at < :older_than
        order by old.quarantine_id
        limit :most
        for update skip locked
    );
