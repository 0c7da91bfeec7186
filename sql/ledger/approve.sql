-- Who lets this run go, and how many messages does that set free?
with answered as (
    update campaign_runs
    set state = 'approved', approved_at = now(), approved_by = :by
    where campaign_run_id = :run and state = 'waiting'
    returning campaign_run_id, state
),

freed as (
    update chunk
    set state = 'open'
    from answered
    where
        chunk.campaign_run_id = answered.campaign_run_id
        and chunk.state = 'waiting'
    returning cardinality(chunk.touch_ids) as messages
)

select
    (select answered.state from answered) as state,
    coalesce(sum(freed.messages), 0) as messages
from freed;
