-- What failed for good, and why?
select
    touch_state.touch_id,
    touch_state.campaign,
    touch_state.step,
    touch_state.customer_id,
    touch_state.channel,
    touch_state.reason,
    exists(
        select
        from rewards
        where
            rewards.touch_id = touch_state.touch_id
            and rewards.voided_at is not null
    ) as has_void_reward
from touch_state
where
    touch_state.state = 'failed'
    and touch_state.touch_id in (
        select outcome.touch_id
        from outcome
        where outcome.outcome in ('failed', 'dead')
    )
    and (
        cast(:campaign as text) is null
        or touch_state.campaign = :campaign
    )
order by touch_state.campaign, touch_state.step, touch_state.touch_id;
