-- Who has been away for longer than winning back is worth?
-- Lost: eight usual gaps since the last order, 360 days where no rhythm is known.
with buyers as (
    select
        customer_id,
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
    last_order_at <= :as_of - 8 * rhythm as is_too_long_away,
    last_order_at + 8 * rhythm as recheck_at
from buyers
