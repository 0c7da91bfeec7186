-- Which plans wait for a person, and were made with other files than those of today?
-- What was to be approved is no more; its messages are decided again.
with replaced as (
    update campaign_runs
    set state = 'replaced'
    where campaign = :campaign and state = 'waiting' and version != :version
    returning campaign_run_id
),

ended as (
    update chunk
    set state = 'done', hold = 'files changed'
    from replaced
    where
        chunk.campaign_run_id = replaced.campaign_run_id
        and chunk.state = 'waiting'
    returning chunk.touch_ids
)

update touch
set decision = 'deferred', reason = 'files_changed', not_before = :as_of
from ended
cross join lateral unnest(ended.touch_ids) as listed (touch_id)
where touch.touch_id = listed.touch_id;
