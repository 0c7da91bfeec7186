-- What was decided about this customer's messages, and what became of them?
with recursive family as (
    -- Messages keep the number under which the customer was known at the time.
    select cast(:customer_id as bigint) as customer_id
    union
    select customers.customer_id
    from family
    inner join customers on family.customer_id = customers.merged_into
)

select
    touch_state.campaign,
    touch_state.step,
    touch_state.occasion,
    touch_state.state,
    touch_state.reason,
    touch_state.until,
    touch_state.channel,
    touch_state.account,
    campaign_runs.as_of as decided_at,
    (
        select count(*)
        from attempt
        where attempt.touch_id = touch_state.touch_id
    ) as attempts,
    (
        select max(outcome.happened_at)
        from outcome
        where outcome.touch_id = touch_state.touch_id
    ) as heard_at
from touch_state
inner join campaign_runs
    on touch_state.campaign_run_id = campaign_runs.campaign_run_id
where
    touch_state.customer_id in (select family.customer_id from family)
    and (
        cast(:campaign as text) is null or touch_state.campaign = :campaign
    )
order by campaign_runs.as_of, touch_state.touch_id;
