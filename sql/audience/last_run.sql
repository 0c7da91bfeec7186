-- When was this campaign planned last, and with which files?
select
    campaign_runs.campaign_run_id,
    campaign_runs.as_of,
    campaign_runs.version,
    campaign_versions.files
from campaign_runs
inner join campaign_versions
    on
        campaign_runs.campaign = campaign_versions.campaign
        and campaign_runs.version = campaign_versions.version
where campaign_runs.campaign = :campaign
order by campaign_runs.campaign_run_id desc
limit 1;
