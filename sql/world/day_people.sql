-- Who is seen for the first time today? One in twenty of those who come.
with numbers as (
    select
        coalesce(max(person), 0) as last_person,
        cast(ceil(count(*) * cast(:share as double precision) / 20) as bigint) as more
    from world.people
),

people as (
    insert into world.people (
        person, orders, rhythm, first_at, last_at, home, accounts, has_phone, has_email,
        has_unionid, gives_junk_phone
    )
    select
        series.person,
        1 as orders,
        10 + 60 * world.chance('rhythm', :seed, series.person) as rhythm,
        :begins as first_at,
        cast(:begins as timestamptz) as last_at,
        series.person % 3 as home,
        1 as accounts,
        series.person % 5 != 0 as has_phone,
        series.person % 2 = 0 as has_email,
        series.person % 7 = 0 as has_unionid,
        false as gives_junk_phone
    from numbers
    cross join
        lateral generate_series(
            last_person + 1, last_person + more
        ) as series (person)
    returning *
),

known as (
    insert into identifiers (kind, scope, value, first_seen_at)
    select
        seen.kind,
        seen.scope,
        seen.value,
        :begins as first_seen_at
    from people
    cross join
        lateral (
            values
            ('buyer', world.source(home, 0), world.buyer(person, 0), true),
            ('phone', '', world.phone(person), has_phone),
            ('email', '', world.email(person), has_email),
            ('unionid', '', world.unionid(person), has_unionid),
            ('openid', 'wx_main', world.openid(person), has_unionid)
        ) as seen (kind, scope, value, is_there)
    where seen.is_there
    order by people.person, seen.kind
    returning *
)

insert into identifier_links (identifier_a, identifier_b, source, evidence, seen_at)
select
    least(one.identifier_id, other.identifier_id) as identifier_a,
    greatest(one.identifier_id, other.identifier_id) as identifier_b,
    world.source(people.home, 0) as source,
    'order' as evidence,
    :begins as seen_at
from people
inner join known as one on one.value = world.buyer(people.person, 0)
inner join
    known as other
    on other.value in (
        world.phone(people.person), world.email(people.person),
        world.unionid(people.person)
    )
order by people.person, other.kind;
