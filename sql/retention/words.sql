-- Which settled messages lose the values that their words used? The decision stays for
-- ever: its key is what keeps anybody from getting the same twice.
update touch
set params = null
where
    touch_id in (
        select old.touch_id
        from touch as old
        inner join campaign_runs as runs on old.campaign_run_id = runs.campaign_run_id
        where
            runs.as_of < :older_than
            and old.params is not null
            and old.decision != 'deferred'
            and not exists (
                select from chunk
                where
                    chunk.campaign_run_id = old.campaign_run_id
                    and chunk.state != 'done'
            )
        order by old.touch_id
        limit :most
        for update of old skip locked
    );
