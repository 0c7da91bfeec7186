-- Who bought once, had the time to come back, and did not?
-- 90 days are given, as for `new`; refunding the only order makes nobody a regular.
select
    customer_id,
    orders_count = 1 as bought_once,
    last_order_at <= :as_of - interval '90 days' as had_time_to_return,
    last_order_at + interval '90 days' as recheck_at
from customer_facts
