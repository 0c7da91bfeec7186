-- By which identifiers is each person known? Numbered person * 8 + place.
insert into identifiers (
    identifier_id, kind, scope, value, customer_id, first_seen_at
)
overriding system value
select
    people.person * 8 + known.place as identifier_id,
    known.kind,
    known.scope,
    known.value,
    case when cast(:is_identified as boolean) then people.person end as customer_id,
    people.first_at as first_seen_at
from world.people as people
cross join
    lateral (
        values
        (0, 'buyer', world.source(home, 0), world.buyer(person, 0), true),
        (1, 'buyer', world.source(home, 1), world.buyer(person, 1), accounts > 1),
        (2, 'buyer', world.source(home, 2), world.buyer(person, 2), accounts > 2),
        (3, 'phone', '', world.phone(person), has_phone),
        (4, 'email', '', world.email(person), has_email),
        (5, 'unionid', '', world.unionid(person), has_unionid),
        (6, 'openid', 'wx_main', world.openid(person), has_unionid),
        (
            7, 'external_userid', 'corp_main', world.external_userid(person),
            has_unionid and world.chance('wecom', :seed, person) < 0.4
        )
    ) as known (place, kind, scope, value, is_there)
where known.is_there;

insert into identifiers (
    identifier_id, kind, scope, value, is_junk, junk_reason, first_seen_at
)
overriding system value
select
    (:customers + 1) * 8 + number as identifier_id,
    'phone' as kind,
    '' as scope,
    cast(862100000000 + number as text) as value,
    cast(:is_identified as boolean) as is_junk,
    case when cast(:is_identified as boolean) then 'shared by too many' end
        as junk_reason,
    cast(:until as timestamptz) - interval '3 years' as first_seen_at
from generate_series(1, cast(:junk_phones as bigint)) as series (number);
