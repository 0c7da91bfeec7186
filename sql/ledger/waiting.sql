-- Which runs of this campaign wait for a person, and how many messages is each?
select
    campaign_runs.campaign_run_id,
    campaign_runs.as_of,
    campaign_runs.candidates,
    (
        select coalesce(sum(cardinality(chunk.touch_ids)), 0)
        from chunk
        where
            chunk.campaign_run_id = campaign_runs.campaign_run_id
            and chunk.state = 'waiting'
    ) as messages
from campaign_runs
where
    campaign_runs.campaign = :campaign
    and campaign_runs.state = 'waiting'
order by campaign_runs.campaign_run_id;
