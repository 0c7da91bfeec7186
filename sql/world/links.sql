-- Which identifiers were seen together?
insert into identifier_links (
    identifier_a, identifier_b, source, evidence, seen_at
)
select
    people.person * 8 + pairs.place_a as identifier_a,
    people.person * 8 + pairs.place_b as identifier_b,
    world.source(people.home, 0) as source,
    pairs.evidence,
    people.first_at as seen_at
from world.people as people
cross join
    lateral (
        values
        (0, 3, 'order', has_phone),
        (1, 3, 'order', has_phone and accounts > 1),
        (2, 3, 'order', has_phone and accounts > 2),
        (0, 4, 'order', has_email),
        (1, 4, 'order', has_email and accounts > 1 and not has_phone),
        (2, 4, 'order', has_email and accounts > 2 and not has_phone),
        (0, 5, 'profile', has_unionid),
        (
            1,
            5,
            'profile',
            has_unionid and accounts > 1 and not (has_phone or has_email)
        ),
        (
            2,
            5,
            'profile',
            has_unionid and accounts > 2 and not (has_phone or has_email)
        ),
        (5, 6, 'profile', has_unionid),
        (
            5, 7, 'profile',
            has_unionid and world.chance('wecom', :seed, person) < 0.4
        )
    ) as pairs (place_a, place_b, evidence, is_there)
where pairs.is_there
order by people.person, pairs.place_a, pairs.place_b;

insert into identifier_links (
    identifier_a, identifier_b, source, evidence, seen_at
)
select
    person * 8 as identifier_a,
    (:customers + 1) * 8 + 1 + person % greatest(1, :junk_phones) as identifier_b,
    world.source(home, 0) as source,
    'order' as evidence,
    first_at as seen_at
from world.people
where gives_junk_phone
order by person;
