-- A person says what became of messages in doubt; how many were?
with doubted as (
    select
        touch_state.touch_id,
        (
            select max(attempt.number)
            from attempt
            where attempt.touch_id = touch_state.touch_id
        ) as number
    from touch_state
    where
        touch_state.touch_id = any(cast(:ids as bigint[]))
        and touch_state.state = 'in_doubt'
),

told as (
    insert into outcome (touch_id, happened_at, number, outcome, reason)
    select
        touch_id,
        :at as happened_at,
        number,
        :outcome,
        :reason
    from doubted
    returning touch_id
),

ordered as (
    insert into chunk (
        campaign_run_id, channel, account, kind, not_before, hold, touch_ids
    )
    select
        touch.campaign_run_id,
        coalesce(detour.channel, touch.channel) as channel,
        coalesce(detour.account, touch.account) as account,
        'retry' as kind,
        :at as not_before,
        :reason as hold,
        array[touch.touch_id] as touch_ids
    from told
    inner join touch on told.touch_id = touch.touch_id
    left join lateral (
        select
            detour.channel,
            detour.account
        from detour
        where detour.touch_id = touch.touch_id
        order by detour.number desc
        limit 1
    ) as detour on true
    where :outcome = 'not_sent'
)

select count(*) as resolved
from told;
