-- Who is late, but not yet by so much that they buy elsewhere?
-- Late: between two and four usual gaps since the last order, 90 to 180 days where no
-- rhythm is known. The cheapest moment to remind.
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
    last_order_at <= :as_of - 2 * rhythm as is_late,
    last_order_at > :as_of - 4 * rhythm as is_not_lapsed,
    case
        when last_order_at > :as_of - 2 * rhythm then last_order_at + 2 * rhythm
        else last_order_at + 4 * rhythm
    end as recheck_at
from buyers
