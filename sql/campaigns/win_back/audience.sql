-- Who has been away so long, by their own rhythm, that only a reason brings them back?
-- The same line as the segment `lapsed`: four to eight usual gaps since the last order.
with buyers as (
    select
        facts.*,
        -- Their own rhythm, between 15 and 120 days; 45 days while it is unknown.
        least(
            greatest(
                coalesce(facts.buying_interval, interval '45 days'), interval '15 days'
            ),
            interval '120 days'
        ) as rhythm
    from customer_facts as facts
    where facts.last_order_id is not null
)

select
    buyers.customer_id,
    -- One lapse is one occasion: whoever comes back and lapses again is a new one.
    buyers.last_order_id as occasion,
    -- No anchor: the steps count from the run that first sees them, so that nobody gets
    -- the last word without the first.

    buyers.last_order_at <= :as_of - 4 * buyers.rhythm as is_long_away,
    buyers.last_order_at > :as_of - 8 * buyers.rhythm as is_not_lost,
    buyers.spent >= :least_kept as is_worth_it,
    buyers.open_refunds = 0 as has_no_open_refund,
    not exists (
        select 1
        from tags
        where tags.customer_id = buyers.customer_id and tags.tag = 'complained'
    ) as has_no_complaint,

    buyers.name,
    buyers.favourite_product as product,
    buyers.orders_count,
    cast(buyers.last_order_at as date) as last_order_on
from buyers
