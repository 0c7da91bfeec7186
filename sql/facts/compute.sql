-- What is known of each chosen customer? The one definition of every fact: a refresh,
-- a full rebuild and the check run this same text. Nothing here depends on the date.
create temporary table computed (like customer_facts) on commit drop;

insert into computed
with rates as (
    select
        currency,
        home_rate
    from currency_rates
    where currency != :home_currency
    union all
    select
        :home_currency as currency,
        1 as home_rate
),

order_totals as (
    select
        orders.customer_id,
        count(*) as orders_count,
        min(orders.ordered_at) as first_order_at,
        max(orders.ordered_at) as last_order_at,
        (
            array_agg(
                orders.order_id order by orders.ordered_at desc, orders.order_id desc
            )
        )[1]
            as last_order_id,
        -- A currency without a rate makes the sum "not a number", which is refused.
        sum(orders.amount * coalesce(rates.home_rate, 'NaN')) as ordered,
        sum(orders.amount * coalesce(rates.home_rate, 'NaN'))
        filter (where orders.status != 'refunded') as kept
    from chosen
    inner join orders on chosen.customer_id = orders.customer_id
    left join rates on orders.currency = rates.currency
    where orders.status not in ('unpaid', 'cancelled')
    group by orders.customer_id
),

order_days as (
    select distinct
        orders.customer_id,
        cast(orders.ordered_at at time zone :timezone as date) as order_date
    from chosen
    inner join orders on chosen.customer_id = orders.customer_id
    where orders.status not in ('unpaid', 'cancelled')
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
        percentile_cont(0.5) within group (order by days) * interval '1 day'
            as buying_interval
    from gaps
    where days is not null
    group by customer_id
    having count(*) >= 2
),

product_totals as (
    select
        orders.customer_id,
        order_lines.product_title,
        count(distinct orders.order_id) as orders_count,
        sum(order_lines.quantity) as quantity
    from chosen
    inner join orders on chosen.customer_id = orders.customer_id
    inner join order_lines on orders.order_id = order_lines.order_id
    where
        orders.status not in ('unpaid', 'cancelled')
        and order_lines.quantity > 0
        -- Fees are lines too, but nobody's favourite.
        and order_lines.product_title !~* '^(dotcom )?postage$|^carriage$|运费|补差价'
    group by orders.customer_id, order_lines.product_title
),

favourites as (
    select distinct on (customer_id)
        customer_id,
        product_title
    from product_totals
    order by customer_id asc, orders_count desc, quantity desc, product_title asc
),

last_categories as (
    select distinct on (orders.customer_id)
        orders.customer_id,
        order_lines.category
    from chosen
    inner join orders on chosen.customer_id = orders.customer_id
    inner join order_lines on orders.order_id = order_lines.order_id
    where
        orders.status not in ('unpaid', 'cancelled')
        and order_lines.category is not null
    order by
        orders.customer_id asc, orders.ordered_at desc, orders.order_id desc,
        order_lines.amount desc, order_lines.line_key asc
),

refund_totals as (
    select
        refunds.customer_id,
        count(*) as refunds_count,
        count(*) filter (where refunds.status = 'open') as open_refunds,
        sum(refunds.amount * coalesce(rates.home_rate, 'NaN'))
        filter (where refunds.status = 'refunded') as refunded,
        -- Orders that count as nothing kept are not lessened once more.
        sum(refunds.amount * coalesce(rates.home_rate, 'NaN')) filter (
            where refunds.status = 'refunded'
            and coalesce(orders.status, 'paid')
            not in ('unpaid', 'cancelled', 'refunded')
        ) as lessened
    from chosen
    inner join refunds on chosen.customer_id = refunds.customer_id
    left join rates on refunds.currency = rates.currency
    left join orders
        on
            refunds.order_id = orders.order_id
            and refunds.customer_id = orders.customer_id
    group by refunds.customer_id
),

review_totals as (
    select
        reviews.customer_id,
        count(*) as reviews_count,
        max(reviews.reviewed_at) as last_review_at
    from chosen
    inner join reviews on chosen.customer_id = reviews.customer_id
    group by reviews.customer_id
),

interaction_totals as (
    select
        interactions.customer_id,
        count(*) as interactions_count,
        max(interactions.happened_at) as last_interaction_at
    from chosen
    inner join interactions on chosen.customer_id = interactions.customer_id
    group by interactions.customer_id
),

addresses as (
    -- The newest one that may be written to, else the newest.
    select distinct on (identifiers.customer_id, identifiers.kind)
        identifiers.customer_id,
        identifiers.kind,
        identifiers.value
    from chosen
    inner join identifiers on chosen.customer_id = identifiers.customer_id
    left join suppressions
        on
            identifiers.value = suppressions.address
            and suppressions.released_at is null
    where identifiers.kind in ('email', 'phone') and not identifiers.is_junk
    order by
        identifiers.customer_id asc, identifiers.kind asc,
        suppressions.address is not null asc, identifiers.identifier_id desc
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
    from chosen
    inner join identifiers on chosen.customer_id = identifiers.customer_id
    inner join profiles on identifiers.identifier_id = profiles.identifier_id
    group by identifiers.customer_id
)

select
    chosen.customer_id,
    customers.name,
    coalesce(customers.language, :language) as language,
    coalesce(customers.timezone, :timezone) as timezone,
    customers.country,
    emails.value as email,
    phones.value as phone,
    emails.value is not null as has_email,
    phones.value is not null as has_phone,
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
    rhythm.buying_interval,
    favourites.product_title as favourite_product,
    last_categories.category as last_category,
    coalesce(review_totals.reviews_count, 0) as reviews_count,
    review_totals.last_review_at,
    coalesce(refund_totals.refunds_count, 0) as refunds_count,
    coalesce(refund_totals.open_refunds, 0) as open_refunds,
    round(coalesce(refund_totals.refunded, 0), 2) as refunded,
    coalesce(interaction_totals.interactions_count, 0) as interactions_count,
    interaction_totals.last_interaction_at,
    -- An unchanged row keeps its date, so that whole rows can be compared.
    coalesce(stored.computed_at, :as_of) as computed_at
from chosen
inner join customers
    on chosen.customer_id = customers.customer_id and customers.merged_into is null
left join customer_facts as stored on chosen.customer_id = stored.customer_id
left join order_totals on chosen.customer_id = order_totals.customer_id
left join rhythm on chosen.customer_id = rhythm.customer_id
left join favourites on chosen.customer_id = favourites.customer_id
left join last_categories on chosen.customer_id = last_categories.customer_id
left join refund_totals on chosen.customer_id = refund_totals.customer_id
left join review_totals on chosen.customer_id = review_totals.customer_id
left join interaction_totals on chosen.customer_id = interaction_totals.customer_id
left join addresses as emails
    on chosen.customer_id = emails.customer_id and emails.kind = 'email'
left join addresses as phones
    on chosen.customer_id = phones.customer_id and phones.kind = 'phone'
left join memberships on chosen.customer_id = memberships.customer_id;
