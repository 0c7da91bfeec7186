-- Two plans for the same occasion of what is now one person: which must not go out?
-- The one that is under way stands, else the older one. Taking the next attempt of the
-- others ourselves keeps every sender from making it.
with members as (
    select
        customers.customer_id,
        coalesce(customers.merged_into, customers.customer_id) as kept_id
    from customers
    where
        customers.customer_id in (select kept_id from merged)
        or customers.merged_into in (select kept_id from merged)
),

tried as (
    select
        members.kept_id,
        touch.touch_id,
        touch.campaign,
        touch.step,
        touch.occasion,
        touch.channel,
        touch.account,
        coalesce(max(attempt.number), 0) as number
    from members
    inner join touch on members.customer_id = touch.customer_id
    left join attempt on touch.touch_id = attempt.touch_id
    where touch.decision = 'planned'
    group by members.kept_id, touch.touch_id
),

standing as (
    select
        tried.*,
        not exists (
            select from outcome
            where
                outcome.touch_id = tried.touch_id
                and outcome.outcome not in ('retry', 'not_sent', 'in_doubt')
        )
        and (
            tried.number = 0
            or exists (
                select from outcome
                where
                    outcome.touch_id = tried.touch_id
                    and outcome.number = tried.number
                    and outcome.outcome in ('retry', 'not_sent')
            )
        ) as is_free
    from tried
),

ranked as (
    select
        standing.*,
        row_number() over (
            partition by kept_id, campaign, step, occasion
            order by is_free, touch_id
        ) as place
    from standing
),

doubled as (
    select *
    from ranked
    where place > 1 and is_free
),

right_to as (
    insert into lease (worker, channel, account, ends_at)
    select distinct
        'identify' as worker,
        channel,
        account,
        clock_timestamp() as ends_at
    from doubled
    returning lease_id, channel, account
),

taken as (
    insert into attempt (touch_id, number, lease_id)
    select
        doubled.touch_id,
        doubled.number + 1 as number,
        right_to.lease_id
    from doubled
    inner join right_to
        on doubled.channel = right_to.channel and doubled.account = right_to.account
    on conflict do nothing
    returning touch_id, number
)

insert into outcome (touch_id, happened_at, number, outcome, reason)
select
    touch_id,
    :as_of as happened_at,
    number,
    'skipped' as outcome,
    'merged' as reason
from taken;
