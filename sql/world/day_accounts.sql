-- Who comes to another shop with a phone that we know?
with chosen as (
    select *
    from world.people
    where
        accounts = 1 and has_phone and first_at < :begins
        and world.chance('second account', :seed, person)
        < cast(:share as double precision) / 20
),

known as (
    insert into identifiers (kind, scope, value, first_seen_at)
    select
        'buyer' as kind,
        world.source(home, 1) as scope,
        world.buyer(person, 1) as value,
        :begins as first_seen_at
    from chosen
    order by person
    returning *
),

moved as (
    update world.people
    set accounts = 2
    where person in (select person from chosen)
)

insert into identifier_links (identifier_a, identifier_b, source, evidence, seen_at)
select
    phones.identifier_id as identifier_a,
    known.identifier_id as identifier_b,
    known.scope as source,
    'order' as evidence,
    :begins as seen_at
from chosen
inner join known on known.value = world.buyer(chosen.person, 1)
inner join
    identifiers as phones
    on
        phones.kind = 'phone' and phones.scope = ''
        and phones.value = world.phone(chosen.person)
order by chosen.person;
