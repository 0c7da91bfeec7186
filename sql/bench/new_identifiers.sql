-- Who is seen with a new identifier? Some pairs of customers, with the same one.
with standing as (
    select
        founder_id,
        row_number() over (order by customer_id) as place
    from customers
    where merged_into is null
),

fresh as (
    insert into identifiers (kind, scope, value)
    select
        'weibo_uid' as kind,
        '' as scope,
        'w' || series.place as value
    from generate_series(1, cast(:new as bigint)) as series (place)
    returning identifier_id, cast(substr(value, 2) as bigint) as place
),

seen as (
    select
        fresh.identifier_id,
        fresh.place * 4 + sides.side as customer
    from fresh
    cross join (values (0), (1)) as sides (side)
    where sides.side = 0 or fresh.place <= cast(:pairs as bigint)
)

insert into identifier_links (identifier_a, identifier_b, source, evidence)
select
    least(seen.identifier_id, standing.founder_id) as identifier_a,
    greatest(seen.identifier_id, standing.founder_id) as identifier_b,
    'weibo_main' as source,
    'profile' as evidence
from seen
inner join standing on seen.customer = standing.place;
