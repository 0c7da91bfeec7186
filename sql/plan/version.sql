-- With which files was this run planned?
select
    campaign,
    version
from campaign_runs
where campaign_run_id = :run;
