-- Begin a campaign run; which runs and which messages went before?
with opened as (
    insert into campaign_runs (
        campaign, as_of, version, purpose, profiling, ways, priority, frequency, steps,
        latest_delay
    )
    values (
        :campaign, :as_of, :version, :purpose, :profiling, cast(:ways as jsonb),
        :priority, :frequency, cast(:exits as jsonb), :latest_delay
    )
    returning campaign_run_id
)

select
    opened.campaign_run_id,
    (
        select coalesce(array_agg(runs.campaign_run_id), '{}')
        from campaign_runs as runs
        where runs.campaign = :campaign
    ) as earlier_runs,
    (
        select coalesce(min(runs.campaign_run_id), 0)
        from campaign_runs as runs
        where runs.as_of + runs.latest_delay > :as_of - cast(:longest as interval)
    ) as oldest_run,
    (select coalesce(max(touch.touch_id), 0) from touch) as newest_before
from opened;
