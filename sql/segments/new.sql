-- Who bought once, and so lately that a second order is not overdue?
-- A first-time buyer has no rhythm yet: the calendar gives them 90 days.
select
    customer_id,
    orders_count = 1 as bought_once,
    last_order_at > :as_of - interval '90 days' as is_recent,
    last_order_at + interval '90 days' as recheck_at
from customer_facts
