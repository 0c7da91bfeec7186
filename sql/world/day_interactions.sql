-- Who follows, asks or clicks today?
insert into interactions (
    source, kind, interaction_key, happened_at, account, identifier_id, customer_id,
    body, loaded_at
)
select
    'wechat_main' as source,
    'message' as kind,
    to_char(cast(:begins as timestamptz), 'YYYYMMDD') || '-'
    || cast(people.person as text) as interaction_key,
    cast(:begins as timestamptz) + interval '11 hours' as happened_at,
    'wx_main' as account,
    identifiers.identifier_id,
    identifiers.customer_id,
    '在吗？' as body,
    :begins as loaded_at
from world.people as people
inner join
    identifiers
    on
        identifiers.kind = 'openid' and identifiers.scope = 'wx_main'
        and identifiers.value = world.openid(people.person)
where
    people.has_unionid
    and world.chance('asks', :seed, people.person)
    < cast(:share as double precision) / 10
order by people.person
on conflict on constraint interactions_natural_key do nothing;
