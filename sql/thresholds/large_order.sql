-- Above what does a third of the buyers come with their average order?
select percentile_disc(2 / 3.0) within group (order by average_order) as value
from customer_facts
where orders_count > 0
