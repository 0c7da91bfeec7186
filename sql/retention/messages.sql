-- Which words of customers are so old that only the fact of them is kept?
update interactions
set body = null
where
    interaction_id in (
        select old.interaction_id
        from interactions as old
        where old.body is not null and old.happened_at < :older_than
        order by old.happened_at
        limit :most
        for update skip locked
    );
