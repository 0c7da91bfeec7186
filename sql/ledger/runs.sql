-- Which campaign runs were there last, and what became of them?
select
    campaign_run_id,
    campaign,
    as_of,
    state,
    candidates,
    coalesce(cast(counts ->> 'planned' as bigint), 0) as planned
from campaign_runs
where not cast(:waiting as boolean) or state = 'waiting'
order by campaign_run_id desc
limit :number;
