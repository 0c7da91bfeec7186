-- Who buys again and again, over time, and still comes?
-- Four orders spread over at least 90 days; not away for four usual gaps (lapsed);
-- and they keep what they buy: less than half of the money went back.
with buyers as (
    select
        customer_id,
        orders_count,
        first_order_at,
        last_order_at,
        spent,
        refunded,
        -- Their own rhythm, between 15 and 120 days; 45 days while it is unknown.
        least(
            greatest(coalesce(buying_interval, interval '45 days'), interval '15 days'),
            interval '120 days'
        ) as rhythm
    from customer_facts
    where orders_count > 0
)

select
    customer_id,
    orders_count >= 4 as bought_often,
    last_order_at - first_order_at >= interval '90 days' as over_a_season,
    spent > refunded as keeps_what_they_buy,
    last_order_at > :as_of - 4 * rhythm as still_comes,
    last_order_at + 4 * rhythm as recheck_at
from buyers
