-- What is known of each customer? The one definition of every fact: a refresh, a full
-- rebuild and the check run this same text. Nothing here depends on the date.
-- `orders`, `refunds`, … are those of the customers in question: tasks/people/facts.py.
with paid_orders as (
    -- All that is read here is in the index orders_of_customer, and in its order, which
    -- a join with the rates would lose. A currency without a rate makes a sum "not a
    -- number", which is refused.
    select
        customer_id,
        order_id,
        status,
        ordered_at,
        case
            when currency = :home_currency then amount
            else
                amount * coalesce(
                    (
                        select rates.home_rate from currency_rates as rates
                        where rates.currency = orders.currency
                    ),
                    'NaN'
                )
        end as home_amount
    from orders
    where status not in ('unpaid', 'cancelled')
),

order_totals as (
    select
        customer_id,
        count(*) as orders_count,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        array_agg(order_id order by ordered_at, order_id) as order_ids,
        array_agg(
            cast(ordered_at at time zone :timezone as date)
            order by ordered_at, order_id
        ) as order_dates,
        sum(home_amount) as ordered,
        sum(home_amount) filter (where status != 'refunded') as kept
    from paid_orders
    group by customer_id
),

-- Orders in the order of their numbers, which is that of the lines: those of everybody
-- are met in one pass. Without `offset 0`, Postgres would not keep to it.
numbered_orders as (
    select
        customer_id,
        order_id
    from orders
    where status not in ('unpaid', 'cancelled')
    order by order_id
    offset 0
),

product_totals as (
    select
        orders.customer_id,
        order_lines.product_title,
        count(distinct orders.order_id) as orders_count,
        sum(order_lines.quantity) as quantity
    from numbered_orders as orders
    inner join order_lines on orders.order_id = order_lines.order_id
    where order_lines.quantity > 0 and order_lines.product_title is not null
    group by orders.customer_id, order_lines.product_title
),

favourites as (
    select distinct on (customer_id)
        customer_id,
        product_title
    from product_totals
    order by customer_id asc, orders_count desc, quantity desc, product_title asc
),

last_orders as (
    select *
    from (
        select distinct on (customer_id)
            customer_id,
            order_id
        from orders
        where status not in ('unpaid', 'cancelled')
        order by customer_id asc, ordered_at desc, order_id desc
    ) as newest
    order by order_id
    offset 0
),

last_categories as (
    select distinct on (last_orders.customer_id)
        last_orders.customer_id,
        order_lines.category
    from last_orders
    inner join order_lines on last_orders.order_id = order_lines.order_id
    where order_lines.category is not null
    order by
        last_orders.customer_id asc, order_lines.amount desc, order_lines.line_key asc
),

paid_back as (
    select
        refunds.customer_id,
        refunds.status,
        orders.status as order_status,
        case
            when refunds.currency = :home_currency then refunds.amount
            else refunds.amount * coalesce(rates.home_rate, 'NaN')
        end as home_amount
    from refunds
    left join currency_rates as rates on refunds.currency = rates.currency
    left join orders
        on
            refunds.order_id = orders.order_id
            and refunds.customer_id = orders.customer_id
),

refund_totals as (
    select
        customer_id,
        count(*) as refunds_count,
        count(*) filter (where status = 'open') as open_refunds,
        sum(home_amount) filter (where status = 'refunded') as refunded,
        -- Orders that count as nothing kept are not lessened once more.
        sum(home_amount) filter (
            where status = 'refunded'
            and coalesce(order_status, 'paid')
            not in ('unpaid', 'cancelled', 'refunded')
        ) as lessened
    from paid_back
    group by customer_id
),

review_totals as (
    select
        reviews.customer_id,
        count(*) as reviews_count,
        max(reviews.reviewed_at) as last_review_at
    from reviews
    group by reviews.customer_id
),

interaction_totals as (
    select
        interactions.customer_id,
        count(*) as interactions_count,
        max(interactions.happened_at) as last_interaction_at
    from interactions
    group by interactions.customer_id
),

addresses as (
    -- The newest one that may be written to, else the newest.
    select
        identifiers.customer_id,
        (
            array_agg(
                identifiers.value
                order by
                    suppressions.address is not null asc,
                    identifiers.identifier_id desc
            ) filter (where identifiers.kind = 'email')
        )[1] as email,
        (
            array_agg(
                identifiers.value
                order by
                    suppressions.address is not null asc,
                    identifiers.identifier_id desc
            ) filter (where identifiers.kind = 'phone')
        )[1] as phone
    from identifiers
    left join suppressions
        on
            identifiers.value = suppressions.address
            and suppressions.released_at is null
    where identifiers.kind in ('email', 'phone') and not identifiers.is_junk
    group by identifiers.customer_id
),

memberships as (
    select
        identifiers.customer_id,
        sum(profiles.points) as points,
        (
            array_agg(
                profiles.level
                order by
                    profiles.updated_at desc nulls last, profiles.source asc,
                    profiles.identifier_id asc
            ) filter (where profiles.level is not null)
        )[1] as level,
        min(profiles.registered_at) as registered_at
    from identifiers
    inner join profiles on identifiers.identifier_id = profiles.identifier_id
    group by identifiers.customer_id
)

select
    customers.customer_id,
    customers.name,
    coalesce(customers.language, :language) as language,
    coalesce(customers.timezone, :timezone) as timezone,
    customers.country,
    addresses.email,
    addresses.phone,
    addresses.email is not null as has_email,
    addresses.phone is not null as has_phone,
    customers.birthday,
    coalesce(memberships.points, 0) as points,
    memberships.level,
    memberships.registered_at,
    coalesce(order_totals.orders_count, 0) as orders_count,
    order_totals.first_order_at,
    order_totals.last_order_at,
    order_totals.order_ids[order_totals.orders_count] as last_order_id,
    round(
        coalesce(order_totals.kept, 0) - coalesce(refund_totals.lessened, 0), 2
    ) as spent,
    round(order_totals.ordered / order_totals.orders_count, 2) as average_order,
    rhythm.buying_interval,
    favourites.product_title as favourite_product,
    coalesce(last_categories.category, earlier.category) as last_category,
    coalesce(review_totals.reviews_count, 0) as reviews_count,
    review_totals.last_review_at,
    coalesce(refund_totals.refunds_count, 0) as refunds_count,
    coalesce(refund_totals.open_refunds, 0) as open_refunds,
    round(coalesce(refund_totals.refunded, 0), 2) as refunded,
    coalesce(interaction_totals.interactions_count, 0) as interactions_count,
    interaction_totals.last_interaction_at,
    -- An unchanged row keeps its date, so that whole rows can be compared.
    coalesce(stored.computed_at, :as_of) as computed_at
from customers
left join customer_facts as stored on customers.customer_id = stored.customer_id
left join order_totals on customers.customer_id = order_totals.customer_id
left join lateral (
    -- Several orders on one day are one visit.
    select
        case
            when count(*) >= 2
                then
                    percentile_cont(0.5) within group (
                        order by gaps.later - gaps.earlier
                    ) * interval '1 day'
        end as buying_interval
    from
        unnest(
            order_totals.order_dates, order_totals.order_dates[2:]
        ) as gaps (earlier, later)
    where order_totals.orders_count >= 3 and gaps.later > gaps.earlier
) as rhythm on true
left join last_categories on customers.customer_id = last_categories.customer_id
left join lateral (
    -- Nearly always the last order has one; for the others, the last one that has.
    select order_lines.category
    from orders
    inner join order_lines on orders.order_id = order_lines.order_id
    where
        last_categories.category is null
        and orders.customer_id = customers.customer_id
        and orders.status not in ('unpaid', 'cancelled')
        and order_lines.category is not null
    order by
        orders.ordered_at desc, orders.order_id desc,
        order_lines.amount desc, order_lines.line_key asc
    limit 1
) as earlier on true
left join favourites on customers.customer_id = favourites.customer_id
left join refund_totals on customers.customer_id = refund_totals.customer_id
left join review_totals on customers.customer_id = review_totals.customer_id
left join interaction_totals on customers.customer_id = interaction_totals.customer_id
left join addresses on customers.customer_id = addresses.customer_id
left join memberships on customers.customer_id = memberships.customer_id
where customers.merged_into is null
