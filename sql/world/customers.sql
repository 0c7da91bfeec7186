-- Who is a customer, when the world comes with its identities resolved?
insert into customers (
    customer_id, name, gender, birthday, country, city, created_at, founder_id
)
overriding system value
select
    person as customer_id,
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
    first_at as created_at,
    person * 8 as founder_id
from world.people
order by person;
