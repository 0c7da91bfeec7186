-- What did they order, what became of it, in one range of order numbers?
insert into orders (
    order_id, source, order_number, status, ordered_at, paid_at, shipped_at,
    finished_at, updated_at, currency, amount, buyer_identifier_id, customer_id,
    loaded_at
)
overriding system value
with drawn as (
    select
        times.order_id,
        times.person,
        times.ordered_at,
        people.home,
        world.chance('status', :seed, times.order_id) as fate,
        cast(:until as timestamptz) - times.ordered_at as age,
        case
            when world.chance('account', :seed, times.order_id) < 0.75 then 0
            else times.order_id % people.accounts
        end as account,
        world.chance('guest', :seed, times.order_id) < 0.004 as is_guest,
        round(
            cast(
                (20 + 160 * world.chance('purse', :seed, times.person))
                * (0.4 + 1.6 * world.chance('amount', :seed, times.order_id))
                as numeric
            ),
            2
        ) as amount
    from world.order_times as times
    inner join world.people as people on times.person = people.person
    where
        times.order_id > cast(:after as bigint)
        and times.order_id <= cast(:last as bigint)
),

judged as (
    select
        *,
        case
            when fate < 0.03 then 'cancelled'
            when fate < 0.031 then 'on_hold'
            when age < interval '1 day' and fate > 0.9 then 'unpaid'
            when age < interval '2 days' then 'paid'
            when age < interval '4 days' and fate > 0.85 then 'part_shipped'
            when age < interval '9 days' then 'shipped'
            when fate < 0.06 then 'refunded'
            else 'finished'
        end as status
    from drawn
),

dated as (
    select
        *,
        case
            when status not in ('unpaid', 'cancelled')
                then ordered_at + interval '1 minute' * (1 + order_id % 20)
        end as paid_at,
        case
            when status in ('part_shipped', 'shipped', 'finished', 'refunded')
                then ordered_at + interval '1 hour' * (10 + order_id % 24)
        end as shipped_at,
        case
            when status in ('finished', 'refunded')
                then ordered_at + interval '1 hour' * (100 + order_id % 100)
        end as finished_at
    from judged
)

select
    order_id,
    world.source(home, account) as source,
    'E' || cast(20230000000000 + order_id * 13 as text) as order_number,
    status,
    ordered_at,
    paid_at,
    shipped_at,
    finished_at,
    coalesce(finished_at, shipped_at, paid_at, ordered_at) as updated_at,
    case when order_id % 50 = 0 then 'HKD' else 'CNY' end as currency,
    amount,
    case when not is_guest then person * 8 + account end as buyer_identifier_id,
    case when cast(:is_identified as boolean) and not is_guest then person end
        as customer_id,
    coalesce(finished_at, shipped_at, paid_at, ordered_at) as loaded_at
from dated
order by order_id;
