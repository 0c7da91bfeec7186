-- Skip the messages that have become needless. Taking the next attempt ourselves keeps
-- every sender from making it; what a sender has begun is left to it.
with free as (
    select
        exited.touch_id,
        exited.reason,
        asked.channel,
        asked.account,
        coalesce(tried.number, 0) as number
    from exited
    inner join asked on exited.touch_id = asked.touch_id
    left join lateral (
        select max(attempt.number) as number
        from attempt
        where attempt.touch_id = exited.touch_id
    ) as tried on true
    where
        (
            tried.number is null
            or exists (
                select
                from outcome
                where
                    outcome.touch_id = exited.touch_id
                    and outcome.number = tried.number
                    and outcome.outcome in ('retry', 'not_sent')
            )
        )
        and not exists (
            select
            from outcome
            where
                outcome.touch_id = exited.touch_id
                and outcome.outcome not in ('retry', 'not_sent')
        )
),

right_to as (
    insert into lease (worker, channel, account, ends_at)
    select distinct
        'exits' as worker,
        channel,
        account,
        clock_timestamp() as ends_at
    from free
    returning lease_id, channel, account
),

taken as (
    insert into attempt (touch_id, number, lease_id)
    select
        free.touch_id,
        free.number + 1 as number,
        right_to.lease_id
    from free
    inner join right_to
        on free.channel = right_to.channel and free.account = right_to.account
    on conflict do nothing
    returning touch_id, number
)

insert into outcome (touch_id, happened_at, number, outcome, reason)
select
    taken.touch_id,
    :as_of as happened_at,
    taken.number,
    'skipped' as outcome,
    free.reason
from taken
inner join free on taken.touch_id = free.touch_id;
