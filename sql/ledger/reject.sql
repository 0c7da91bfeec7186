-- Who stops this run, and how many messages are skipped by that?
with answered as (
    update campaign_runs
    set state = 'rejected', approved_at = now(), approved_by = :by
    where campaign_run_id = :run and state = 'waiting'
    returning campaign_run_id, state
),

ended as (
    update chunk
    set state = 'done', hold = 'rejected'
    from answered
    where
        chunk.campaign_run_id = answered.campaign_run_id
        and chunk.state = 'waiting'
    returning chunk.touch_ids
),

told as (
    insert into outcome (touch_id, happened_at, number, outcome, reason)
    select
        unnest(ended.touch_ids) as touch_id,
        now() as happened_at,
        0 as number,
        'skipped' as outcome,
        'rejected' as reason
    from ended
    returning touch_id
)

select
    (select answered.state from answered) as state,
    (select count(*) from told) as messages;
