-- Write what came out differently, forget who is another one now, tell who comes next.
create temporary table changed on commit drop as
select computed.customer_id
from computed
left join customer_facts as stored on computed.customer_id = stored.customer_id
where stored.customer_id is null or computed.* is distinct from stored.*;

insert into customer_facts
select computed.*
from changed
inner join computed on changed.customer_id = computed.customer_id
on conflict (customer_id) do update
    set
        name = excluded.name,
        language = excluded.language,
        timezone = excluded.timezone,
        country = excluded.country,
        email = excluded.email,
        phone = excluded.phone,
        has_email = excluded.has_email,
        has_phone = excluded.has_phone,
        birthday = excluded.birthday,
        points = excluded.points,
        level = excluded.level,
        registered_at = excluded.registered_at,
        orders_count = excluded.orders_count,
        first_order_at = excluded.first_order_at,
        last_order_at = excluded.last_order_at,
        last_order_id = excluded.last_order_id,
        spent = excluded.spent,
        average_order = excluded.average_order,
        buying_interval = excluded.buying_interval,
        favourite_product = excluded.favourite_product,
        last_category = excluded.last_category,
        reviews_count = excluded.reviews_count,
        last_review_at = excluded.last_review_at,
        refunds_count = excluded.refunds_count,
        open_refunds = excluded.open_refunds,
        refunded = excluded.refunded,
        interactions_count = excluded.interactions_count,
        last_interaction_at = excluded.last_interaction_at,
        computed_at = :as_of;

with gone as (
    delete from customer_facts
    where
        (
            cast(:everybody as boolean)
            -- An array lets the index be used; a subquery below `or` does not.
            or customer_id = any(array(select chosen.customer_id from chosen))
        )
        and not exists (
            select from computed
            where computed.customer_id = customer_facts.customer_id
        )
    returning customer_id
)

insert into changed (customer_id)
select customer_id from gone;

-- Of most of them, one row says everybody: who comes next judges all in one pass.
with most as (
    select
        cast(:everybody as boolean)
        and (select count(*) from changed) * 5 > (select count(*) from computed)
            as is_most
)

insert into customers_to_judge (step, customer_id, has_new_facts)
select
    steps.step,
    told.customer_id,
    told.has_new_facts
from (
    select
        cast(null as bigint) as customer_id,
        true as has_new_facts
    from most
    where is_most
    union all
    select
        customer_id,
        true as has_new_facts
    from changed
    where not (select is_most from most)
    union all
    select
        touched.customer_id,
        false as has_new_facts
    from touched
    where
        not (select is_most from most)
        and not exists (
            select from changed
            where changed.customer_id = touched.customer_id
        )
) as told
cross join (values ('segments'), ('tags')) as steps (step);

select count(*) as computed from computed;
