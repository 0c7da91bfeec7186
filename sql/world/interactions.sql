-- How else did they show themselves: following, asking, clicking?
insert into interactions (
    source, kind, interaction_key, happened_at, account, identifier_id, customer_id,
    body, loaded_at
)
select
    'wechat_main' as source,
    (array['follow', 'message', 'click', 'click'])[1 + series.number % 4] as kind,
    cast(people.person as text)
    || '-'
    || cast(series.number as text) as interaction_key,
    happened.at as happened_at,
    'wx_main' as account,
    people.person * 8 + 6 as identifier_id,
    case when cast(:is_identified as boolean) then people.person end as customer_id,
    case when series.number % 4 = 1 then '请问什么时候发货？' end as body,
    happened.at as loaded_at
from world.people as people
cross join
    lateral generate_series(
        0,
        cast(floor(6 * power(world.chance('talks', :seed, people.person), 2)) as bigint)
    ) as series (number)
cross join
    lateral (
        values (
            people.first_at + (people.last_at - people.first_at)
            * world.chance('happens', :seed, people.person * 8 + series.number)
        )
    ) as happened (at)
where people.has_unionid
order by people.person, series.number;
