-- Which version of which campaign was planned here, and what was in its files?
select
    campaign_runs.campaign,
    campaign_runs.version,
    campaign_runs.purpose,
    campaign_runs.profiling,
    campaign_versions.files
from campaign_runs
left join campaign_versions
    on
        campaign_runs.campaign = campaign_versions.campaign
        and campaign_runs.version = campaign_versions.version
where campaign_runs.campaign_run_id = :run;
