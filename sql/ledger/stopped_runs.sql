-- Which runs were stopped since their words were refused, where, and how much is left?
select
    chunk.campaign_run_id,
    campaign_runs.campaign,
    chunk.channel,
    chunk.account,
    min(chunk.hold) as because,
    sum(cardinality(chunk.touch_ids)) as messages
from chunk
inner join campaign_runs on chunk.campaign_run_id = campaign_runs.campaign_run_id
where chunk.state = 'stopped'
group by
    chunk.campaign_run_id, campaign_runs.campaign, chunk.channel, chunk.account
order by chunk.campaign_run_id, chunk.channel, chunk.account;
