-- Which two turn out to be one, since a new record shows both their identifiers?
insert into identifier_links (identifier_a, identifier_b, source, evidence, seen_at)
select
    least(mine.identifier_id, theirs.identifier_id) as identifier_a,
    greatest(mine.identifier_id, theirs.identifier_id) as identifier_b,
    world.source(people.home, 0) as source,
    'order' as evidence,
    :begins as seen_at
from world.people as people
inner join
    identifiers as mine
    on
        mine.kind = 'buyer' and mine.scope = world.source(people.home, 0)
        and mine.value = world.buyer(people.person, 0)
inner join
    identifiers as theirs
    on
        theirs.kind = 'email' and theirs.scope = ''
        and theirs.value = world.email(people.person + 7)
where
    people.first_at < :begins
    and not people.has_email
    and world.chance('same person', :seed, people.person)
    < cast(:share as double precision) / 50
order by people.person
on conflict do nothing;
