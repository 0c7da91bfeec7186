-- Who agrees today, who takes it back?
insert into consents (
    identifier_id, channel, purpose, is_granted, source, evidence, decided_at
)
select
    identifiers.identifier_id,
    'sms' as channel,
    'marketing' as purpose,
    people.person % 3 != 0 as is_granted,
    world.source(people.home, 0) as source,
    'replied' as evidence,
    cast(:begins as timestamptz) + interval '12 hours' as decided_at
from world.people as people
inner join
    identifiers
    on
        identifiers.kind = 'phone' and identifiers.scope = ''
        and identifiers.value = world.phone(people.person)
where
    people.has_phone
    and world.chance('consents', :seed, people.person)
    < cast(:share as double precision) / 40
order by people.person;
