-- The same facts as sql/facts/compute.sql, as DuckDB says them, from Parquet files.
with good_orders as (
    select
        orders.*,
        orders.amount * rates.home_rate as home_amount
    from orders
    inner join currency_rates as rates on orders.currency = rates.currency
    where
        orders.customer_id is not null
        and orders.status not in ('unpaid', 'cancelled')
),

order_totals as (
    select
        customer_id,
        count(*) as orders_count,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        arg_max(order_id, ordered_at) as last_order_id,
        sum(home_amount) as ordered,
        sum(home_amount) filter (where status != 'refunded') as kept
    from good_orders
    group by customer_id
),

order_days as (
    select distinct
        customer_id,
        cast(ordered_at + interval '8 hours' as date) as order_date
    from good_orders
),

gaps as (
    select
        customer_id,
        order_date
        - lag(order_date) over (partition by customer_id order by order_date) as days
    from order_days
),

rhythm as (
    select
        customer_id,
        quantile_cont(days, 0.5) as buying_days
    from gaps
    where days is not null
    group by customer_id
    having count(*) >= 2
),

product_totals as (
    select
        good_orders.customer_id,
        order_lines.product_title,
        count(distinct good_orders.order_id) as orders_count,
        sum(order_lines.quantity) as quantity
    from good_orders
    inner join order_lines on good_orders.order_id = order_lines.order_id
    where order_lines.quantity > 0 and order_lines.product_title is not null
    group by good_orders.customer_id, order_lines.product_title
),

favourites as (
    select
        customer_id,
        min((-orders_count, -quantity, product_title)) as best
    from product_totals
    group by customer_id
),

last_sorted_orders as (
    select
        customer_id,
        arg_max(order_id, ordered_at) as order_id
    from good_orders
    where
        order_id in (
            select order_lines.order_id from order_lines
            where order_lines.category is not null
        )
    group by customer_id
),

last_categories as (
    select
        last_sorted_orders.customer_id,
        arg_max(order_lines.category, order_lines.amount * 100 - order_lines.line_key)
            as category
    from last_sorted_orders
    inner join order_lines on last_sorted_orders.order_id = order_lines.order_id
    where order_lines.category is not null
    group by last_sorted_orders.customer_id
),

refund_totals as (
    select
        refunds.customer_id,
        count(*) as refunds_count,
        count(*) filter (where refunds.status = 'open') as open_refunds,
        sum(refunds.amount * rates.home_rate)
        filter (where refunds.status = 'refunded') as refunded,
        sum(refunds.amount * rates.home_rate) filter (
            where refunds.status = 'refunded'
            and coalesce(orders.status, 'paid')
            not in ('unpaid', 'cancelled', 'refunded')
        ) as lessened
    from refunds
    inner join currency_rates as rates on refunds.currency = rates.currency
    left join orders
        on
            refunds.order_id = orders.order_id
            and refunds.customer_id = orders.customer_id
    where refunds.customer_id is not null
    group by refunds.customer_id
),

review_totals as (
    select
        customer_id,
        count(*) as reviews_count,
        max(reviewed_at) as last_review_at
    from reviews
    group by customer_id
),

interaction_totals as (
    select
        customer_id,
        count(*) as interactions_count,
        max(happened_at) as last_interaction_at
    from interactions
    group by customer_id
),

addresses as (
    select
        identifiers.customer_id,
        max(
            (
                suppressions.address is null, identifiers.identifier_id,
                identifiers.value
            )
        ) filter (where identifiers.kind = 'email') as email,
        max(
            (
                suppressions.address is null, identifiers.identifier_id,
                identifiers.value
            )
        ) filter (where identifiers.kind = 'phone') as phone
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
        arg_max(profiles.level, profiles.updated_at)
        filter (where profiles.level is not null) as level,
        min(profiles.registered_at) as registered_at
    from identifiers
    inner join profiles on identifiers.identifier_id = profiles.identifier_id
    group by identifiers.customer_id
)

select
    customers.customer_id,
    customers.name,
    coalesce(customers.language, 'zh') as language,
    coalesce(customers.timezone, 'Asia/Shanghai') as timezone,
    customers.country,
    addresses.email[3] as email,
    addresses.phone[3] as phone,
    addresses.email is not null as has_email,
    addresses.phone is not null as has_phone,
    customers.birthday,
    coalesce(memberships.points, 0) as points,
    memberships.level,
    memberships.registered_at,
    coalesce(order_totals.orders_count, 0) as orders_count,
    order_totals.first_order_at,
    order_totals.last_order_at,
    order_totals.last_order_id,
    round(
        coalesce(order_totals.kept, 0) - coalesce(refund_totals.lessened, 0), 2
    ) as spent,
    round(order_totals.ordered / order_totals.orders_count, 2) as average_order,
    -- Days apart from hours, since greatest() looks at the days first.
    to_days(cast(floor(rhythm.buying_days) as integer))
    + to_hours(cast(rhythm.buying_days * 24 as integer) % 24) as buying_interval,
    favourites.best[3] as favourite_product,
    last_categories.category as last_category,
    coalesce(review_totals.reviews_count, 0) as reviews_count,
    review_totals.last_review_at,
    coalesce(refund_totals.refunds_count, 0) as refunds_count,
    coalesce(refund_totals.open_refunds, 0) as open_refunds,
    round(coalesce(refund_totals.refunded, 0), 2) as refunded,
    coalesce(interaction_totals.interactions_count, 0) as interactions_count,
    interaction_totals.last_interaction_at
from customers
left join order_totals on customers.customer_id = order_totals.customer_id
left join rhythm on customers.customer_id = rhythm.customer_id
left join favourites on customers.customer_id = favourites.customer_id
left join last_categories on customers.customer_id = last_categories.customer_id
left join refund_totals on customers.customer_id = refund_totals.customer_id
left join review_totals on customers.customer_id = review_totals.customer_id
left join interaction_totals
    on customers.customer_id = interaction_totals.customer_id
left join addresses on customers.customer_id = addresses.customer_id
left join memberships on customers.customer_id = memberships.customer_id
where customers.merged_into is null
