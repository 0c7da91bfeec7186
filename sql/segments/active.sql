-- Who came back, and is not late by their own rhythm?
-- Late: twice the usual gap between two orders has passed since the last one.
with buyers as (
    select
        customer_id,
        orders_count,
        last_order_at,
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
    orders_count >= 2 as bought_again,
    last_order_at > :as_of - 2 * rhythm as is_in_rhythm,
    last_order_at + 2 * rhythm as recheck_at
from buyers
