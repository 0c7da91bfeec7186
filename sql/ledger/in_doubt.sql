-- Which messages may or may not have left, and wait for a person?
with doubted as (
    select
        outcome.touch_id,
        max(outcome.number) as number
    from outcome
    where outcome.outcome = 'in_doubt'
    group by outcome.touch_id
)

select
    touch.touch_id,
    touch.campaign,
    touch.step,
    touch.customer_id,
    coalesce(detour.channel, touch.channel) as channel,
    coalesce(detour.account, touch.account) as account,
    attempt.attempted_at,
    (
        select max(told.reason)
        from outcome as told
        where
            told.touch_id = touch.touch_id
            and told.number = doubted.number
            and told.outcome = 'in_doubt'
    ) as reason
from doubted
inner join touch on doubted.touch_id = touch.touch_id
inner join attempt
    on
        doubted.touch_id = attempt.touch_id
        and doubted.number = attempt.number
left join detour
    on
        doubted.touch_id = detour.touch_id
        and doubted.number >= detour.number
where
    (
        cast(:channel as text) is null
        or coalesce(detour.channel, touch.channel) = :channel
    )
    -- Nothing came after it, and no order to find out is open.
    and not exists (
        select
        from outcome as later
        where
            later.touch_id = touch.touch_id
            and (
                (
                    later.number = doubted.number
                    and later.outcome in ('not_sent', 'retry')
                )
                or later.outcome in (
                    'accepted', 'delivered', 'skipped', 'failed', 'dead', 'bounced',
                    'complained'
                )
            )
    )
    and not exists (
        select
        from attempt as later
        where later.touch_id = touch.touch_id and later.number > doubted.number
    )
    and not exists (
        select
        from chunk
        where chunk.state = 'open' and touch.touch_id = any(chunk.touch_ids)
    )
order by attempt.attempted_at;
