-- Which openings and clicks go to the archive? What a message came to is never moved.
with moved as (
    delete from outcome
    where
        ctid in (
            select old.ctid
            from outcome as old
            where
                old.outcome in ('opened', 'clicked')
                and old.happened_at < :older_than
            order by old.happened_at
            limit :most
            for update skip locked
        )
    returning *
)

insert into archive.outcome
select * from moved;
