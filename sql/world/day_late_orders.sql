-- Which orders of the last weeks come in only today?
insert into orders (
    source, order_number, status, ordered_at, paid_at, shipped_at, finished_at,
    updated_at, currency, amount, buyer_identifier_id, customer_id, loaded_at
)
select
    identifiers.scope as source,
    'L' || to_char(cast(:begins as timestamptz), 'YYYYMMDD')
    || cast(people.person as text) as order_number,
    'finished' as status,
    dated.ordered_at,
    dated.ordered_at as paid_at,
    dated.ordered_at + interval '1 day' as shipped_at,
    dated.ordered_at + interval '2 days' as finished_at,
    dated.ordered_at + interval '2 days' as updated_at,
    'CNY' as currency,
    round(cast(20 + 300 * world.chance('late sum', :seed, person) as numeric), 2)
        as amount,
    identifiers.identifier_id as buyer_identifier_id,
    identifiers.customer_id,
    :begins as loaded_at
from world.people as people
inner join
    identifiers
    on
        identifiers.kind = 'buyer'
        and identifiers.scope = world.source(people.home, 0)
        and identifiers.value = world.buyer(people.person, 0)
cross join
    lateral (
        values (
            cast(:begins as timestamptz)
            - interval '1 hour'
            * floor(60 + 900 * world.chance('how late', :seed, person))
        )
    ) as dated (ordered_at)
where
    world.chance('late', :seed, people.person)
    < cast(:share as double precision) / 30
order by people.person
on conflict on constraint orders_natural_key do nothing;
