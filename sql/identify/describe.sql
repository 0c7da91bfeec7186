-- What is the newest that any source knows of each customer about whom something came,
-- and what did they say last?
create temporary table read_anew (identifier_id bigint) on commit drop;

with taken as (
    -- What has no customer yet is read with the customer that it gets.
    delete from identifiers_to_read as queued
    where
        exists (
            select from identifiers
            where
                identifiers.identifier_id = queued.identifier_id
                and (identifiers.customer_id is not null or identifiers.is_junk)
        )
    returning identifier_id
)

insert into read_anew (identifier_id)
select identifier_id from taken;

analyze read_anew;

create temporary table touched on commit drop as
select distinct identifiers.customer_id
from read_anew
inner join identifiers on read_anew.identifier_id = identifiers.identifier_id
where identifiers.customer_id is not null
-- In the order of the customers, and so is what is written: they stay side by side.
order by identifiers.customer_id;

analyze touched;

create temporary table described on commit drop as
with ranked as (
    select
        profiles.*,
        identifiers.customer_id,
        row_number() over (
            partition by identifiers.customer_id
            order by
                profiles.updated_at desc nulls last, profiles.source asc,
                profiles.identifier_id asc
        ) as age
    from identifiers
    inner join profiles on identifiers.identifier_id = profiles.identifier_id
    -- By a list, which is looked up: not by reading all profiles.
    where identifiers.customer_id = any(array(select customer_id from touched))
)

select
    customer_id,
    (array_agg(name order by age) filter (where name is not null))[1] as name,
    (array_agg(language order by age) filter (where language is not null))[1]
        as language,
    (array_agg(timezone order by age) filter (where timezone is not null))[1]
        as timezone,
    (array_agg(country order by age) filter (where country is not null))[1] as country,
    (array_agg(city order by age) filter (where city is not null))[1] as city,
    (array_agg(gender order by age) filter (where gender is not null))[1] as gender,
    (array_agg(birthday order by age) filter (where birthday is not null))[1]
        as birthday
from ranked
group by customer_id;

analyze described;

with wanted as (
    select
        described.customer_id,
        coalesce(described.name, customers.name) as name,
        coalesce(described.language, customers.language) as language,
        coalesce(described.timezone, customers.timezone) as timezone,
        coalesce(described.country, customers.country) as country,
        coalesce(described.city, customers.city) as city,
        coalesce(described.gender, customers.gender) as gender,
        coalesce(described.birthday, customers.birthday) as birthday
    from described
    inner join customers on described.customer_id = customers.customer_id
)

update customers
set
    name = wanted.name,
    language = wanted.language,
    timezone = wanted.timezone,
    country = wanted.country,
    city = wanted.city,
    gender = wanted.gender,
    birthday = wanted.birthday
from wanted
where
    customers.customer_id = wanted.customer_id
    and (
        customers.name, customers.language, customers.timezone, customers.country,
        customers.city, customers.gender, customers.birthday
    ) is distinct from (
        wanted.name, wanted.language, wanted.timezone, wanted.country,
        wanted.city, wanted.gender, wanted.birthday
    );

-- By a list again, which is looked up before anything is summed.
create temporary table said on commit drop as
select *
from agreements
where customer_id = any(array(select customer_id from touched))
order by customer_id;

analyze said;

update customers
set agreed_to = said.agreed_to, refused = said.refused
from said
where
    customers.customer_id = said.customer_id
    and (customers.agreed_to, customers.refused)
    is distinct from (said.agreed_to, said.refused);
