-- What does each person's first shop say of them?
insert into profiles (
    source, identifier_id, name, gender, birthday, country, city, points, level,
    tags, registered_at, updated_at, digest
)
select
    world.source(home, 0) as source,
    person * 8 as identifier_id,
    world.name(:seed, person) as name,
    case when world.chance('gender', :seed, person) < 0.7 then 'female' else 'male' end
        as gender,
    case
        when world.chance('tells birthday', :seed, person) < 0.4
            then
                date '1955-01-01'
                + cast(
                    floor(18000 * world.chance('birthday', :seed, person)) as integer
                )
    end as birthday,
    'CN' as country,
    (array['上海', '北京', '杭州', '广州', '成都', '武汉', '西安', '沈阳'])[
        1 + cast(floor(8 * world.chance('city', :seed, person)) as integer)
    ] as city,
    cast(floor(orders * 120 * world.chance('points', :seed, person)) as bigint)
        as points,
    case when orders >= 20 then 'gold' when orders >= 6 then 'silver' end as level,
    case
        when world.chance('tagged', :seed, person) < 0.1
            then '{"微信好友": null}'::jsonb
    end as tags,
    first_at as registered_at,
    last_at as updated_at,
    md5(person::text) as digest
from world.people
order by person;
