-- What marketing were they promised, or had, within the longest span of any cap?
create temporary table promised on commit drop as
select
    touch.touch_id,
    coalesce(merged.merged_into, touch.customer_id) as customer_id,
    touch.channel,
    touch.campaign,
    touch.not_before,
    touch.latest_at,
    runs.frequency,
    runs.priority
from touch
inner join campaign_runs as runs on touch.campaign_run_id = runs.campaign_run_id
left join (
    select
        customer_id,
        merged_into
    from customers
    where merged_into is not null
) as merged on touch.customer_id = merged.customer_id
where
    -- The oldest run that can matter leads to the end of the ledger.
    touch.campaign_run_id >= cast(:oldest_run as bigint)
    and touch.decision = 'planned'
    and touch.latest_at > :as_of - cast(:longest as interval)
    and runs.purpose = 'marketing'
    and :purpose = 'marketing';

analyze promised;
