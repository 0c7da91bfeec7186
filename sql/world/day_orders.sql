-- Who orders today? Each the more likely, the more they have ordered so far.
with numbers as (
    select avg(orders) as usual from world.people
),

buyers as (
    select people.*
    from world.people as people
    cross join numbers
    where
        people.first_at = :begins
        or world.chance('comes', :seed, people.person)
        < cast(:share as double precision) * people.orders / numbers.usual
)

insert into orders (
    source, order_number, status, ordered_at, paid_at, updated_at, currency, amount,
    buyer_identifier_id, customer_id, loaded_at
)
select
    identifiers.scope as source,
    'D' || to_char(cast(:begins as timestamptz), 'YYYYMMDD')
    || cast(buyers.person as text) as order_number,
    case when buyers.person % 20 = 0 then 'unpaid' else 'paid' end as status,
    dated.ordered_at,
    case when buyers.person % 20 != 0 then dated.ordered_at + interval '2 minutes' end
        as paid_at,
    dated.ordered_at + interval '2 minutes' as updated_at,
    'CNY' as currency,
    round(cast(20 + 300 * world.chance('sum', :seed, buyers.person) as numeric), 2)
        as amount,
    identifiers.identifier_id as buyer_identifier_id,
    identifiers.customer_id,
    :begins as loaded_at
from buyers
inner join
    identifiers
    on
        identifiers.kind = 'buyer'
        and identifiers.scope = world.source(buyers.home, 0)
        and identifiers.value = world.buyer(buyers.person, 0)
cross join
    lateral (
        values (
            cast(:begins as timestamptz)
            + interval '1 second' * floor(86000 * world.chance('time', :seed, person))
        )
    ) as dated (ordered_at)
order by buyers.person
on conflict on constraint orders_natural_key do nothing;
