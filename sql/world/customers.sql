-- Who is a customer, when the world comes with its identities resolved?
insert into customers (
    customer_id, name, gender, birthday, country, city, agreed_to, refused, created_at,
    founder_id
)
overriding system value
select
    people.person as customer_id,
    world.name(:seed, people.person) as name,
    case
        when world.chance('gender', :seed, people.person) < 0.7 then 'female'
        else 'male'
    end as gender,
    case
        when world.chance('tells birthday', :seed, people.person) < 0.4
            then
                date '1955-01-01'
                + cast(
                    floor(
                        18000 * world.chance('birthday', :seed, people.person)
                    ) as integer
                )
    end as birthday,
    'CN' as country,
    (array['上海', '北京', '杭州', '广州', '成都', '武汉', '西安', '沈阳'])[
        1 + cast(floor(8 * world.chance('city', :seed, people.person)) as integer)
    ] as city,
    coalesce(said.agreed_to, '{}') as agreed_to,
    coalesce(said.refused, '{}') as refused,
    people.first_at as created_at,
    people.person * 8 as founder_id
from world.people as people
left join (
    select
        person,
        array_agg(subject order by subject) filter (where is_granted) as agreed_to,
        array_agg(subject order by subject) filter (where not is_granted) as refused
    from (
        -- Whoever takes it back does so after having agreed.
        select
            identifier_id / 8 as person,
            purpose || ' ' || channel as subject,
            bool_and(is_granted) as is_granted
        from consents
        group by identifier_id / 8, purpose || ' ' || channel
    ) as each
    group by person
) as said on people.person = said.person
order by people.person;
