-- Who is among the top 5 % of spenders, and bought within a year?
-- The limit is taken from everybody once a month: sql/thresholds/vip_spent.sql.
select
    facts.customer_id,
    facts.spent >= thresholds.value as spends_like_the_top,
    facts.orders_count >= 2 as bought_again,
    facts.last_order_at > :as_of - interval '365 days' as bought_within_a_year,
    facts.last_order_at + interval '365 days' as recheck_at
from customer_facts as facts
left join thresholds on thresholds.threshold = 'vip_spent'
