-- Of which messages that are about to go is it asked whether they are still needed?
create temporary table asked on commit drop as
select
    touch.touch_id,
    touch.channel,
    touch.account,
    coalesce(customers.merged_into, touch.customer_id) as customer_id,
    touch.campaign,
    touch.occasion,
    touch.step,
    touch.latest_at - runs.latest_delay - step.after as anchor_at,
    step.unless,
    step.goal
from chunk
inner join campaign_runs as runs on chunk.campaign_run_id = runs.campaign_run_id
cross join lateral unnest(chunk.touch_ids) as listed (touch_id)
inner join touch on listed.touch_id = touch.touch_id
inner join customers on touch.customer_id = customers.customer_id
inner join
    lateral jsonb_to_recordset(runs.steps)
        as step (step text, after interval, unless text[], goal text)
    on touch.step = step.step and cardinality(step.unless) > 0
where
    chunk.state = 'open'
    and chunk.kind != 'doubt'
    and chunk.not_before <= :as_of
    and jsonb_path_exists(runs.steps, '$[*].unless[0]');
