-- Try again what had failed for good; how many is that?
with freed as (
    insert into outcome (touch_id, happened_at, number, outcome, reason)
    select
        touch_state.touch_id,
        :at as happened_at,
        (
            select coalesce(max(attempt.number), 0)
            from attempt
            where attempt.touch_id = touch_state.touch_id
        ) as number,
        'released' as outcome,
        :reason
    from touch_state
    where
        touch_state.touch_id = any(cast(:ids as bigint[]))
        and touch_state.state = 'failed'
        and touch_state.touch_id in (
            select outcome.touch_id
            from outcome
            where outcome.outcome in ('failed', 'dead')
        )
        -- Its code is no good any more, or somebody else's.
        and not exists (
            select
            from rewards
            where
                rewards.touch_id = touch_state.touch_id
                and rewards.voided_at is not null
        )
    returning touch_id
),

ways as (
    select
        touch.touch_id,
        coalesce(touch.replanned_in, touch.campaign_run_id) as campaign_run_id,
        coalesce(detour.channel, touch.channel) as channel,
        coalesce(detour.account, touch.account) as account
    from freed
    inner join touch on freed.touch_id = touch.touch_id
    left join lateral (
        select
            detour.channel,
            detour.account
        from detour
        where detour.touch_id = touch.touch_id
        order by detour.number desc
        limit 1
    ) as detour on true
),

ordered as (
    insert into chunk (
        campaign_run_id, channel, account, kind, not_before, hold, touch_ids
    )
    select
        campaign_run_id,
        channel,
        account,
        'retry' as kind,
        :at as not_before,
        :reason as hold,
        array_agg(touch_id order by touch_id) as touch_ids
    from ways
    group by campaign_run_id, channel, account
)

select count(*) as released
from freed;
