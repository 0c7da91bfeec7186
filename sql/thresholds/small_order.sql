-- Below what do a third of the buyers stay with their average order?
select percentile_disc(1 / 3.0) within group (order by average_order) as value
from customer_facts
where orders_count > 0
