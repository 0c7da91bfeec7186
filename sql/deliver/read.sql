-- The messages of a work order, what was tried so far and what came of it.
select
    touch.touch_id,
    touch.key,
    coalesce(detour.address, touch.address) as address,
    case
        when detour.touch_id is null then touch.identifier_id
        else detour.identifier_id
    end as identifier_id,
    touch.after_id,
    touch.campaign,
    touch.step,
    touch.language,
    cast(touch.params as text) as params,
    cast(extract(epoch from touch.latest_at) as double precision) as latest,
    coalesce(touch.replanned_in, touch.campaign_run_id) as words_of,
    coalesce(detour.channel, touch.channel) as channel,
    coalesce(detour.account, touch.account) as account,
    coalesce(tried.number, 0) as number,
    coalesce(tried.is_live, false) as is_live,
    clock_timestamp() - tried.first_unclear_at as unclear_for,
    tried.first_unclear_at as attempted_at,
    told.outcome,
    told.refusals
from touch
left join lateral (
    select
        max(attempt.number) as number,
        bool_or(lease.ends_at > clock_timestamp()) as is_live,
        min(attempt.attempted_at) filter (
            where not exists (
                select
                from outcome
                where
                    outcome.touch_id = attempt.touch_id
                    and outcome.number = attempt.number
                    and outcome.outcome in ('retry', 'not_sent')
            )
        ) as first_unclear_at
    from attempt
    inner join lease on attempt.lease_id = lease.lease_id
    where attempt.touch_id = touch.touch_id
) as tried on true
left join lateral (
    -- Of one attempt: what it ended as, whatever was believed before.
    select
        case
            when
                bool_or(outcome.outcome in (
                    'accepted', 'delivered', 'skipped', 'bounced', 'complained'
                ))
                or count(*) filter (where outcome.outcome in ('failed', 'dead'))
                > count(*) filter (where outcome.outcome = 'released')
                then 'final'
            when bool_or(
                outcome.outcome in ('not_sent', 'released')
                and outcome.number = tried.number
            ) then 'not_sent'
            when bool_or(
                outcome.outcome = 'retry' and outcome.number = tried.number
            ) then 'retry'
            when bool_or(
                outcome.outcome = 'in_doubt' and outcome.number = tried.number
            ) then 'in_doubt'
        end as outcome,
        -- Since a person last released it.
        count(*) filter (
            where
            outcome.outcome = 'retry'
            and outcome.number > coalesce(freed.number, -1)
        ) as refusals
    from outcome
    cross join (
        select max(released.number) as number
        from outcome as released
        where
            released.touch_id = touch.touch_id
            and released.outcome = 'released'
    ) as freed
    where outcome.touch_id = touch.touch_id
) as told on true
left join lateral (
    select
        detour.touch_id,
        detour.channel,
        detour.account,
        detour.address,
        detour.identifier_id
    from detour
    where detour.touch_id = touch.touch_id
    order by detour.number desc
    limit 1
) as detour on true
where touch.touch_id = any(cast(:ids as bigint[]))
order by touch.touch_id;
