-- How much has one spent who is among the top 5 % of buyers (home currency)?
select percentile_disc(0.95) within group (order by spent) as value
from customer_facts
where orders_count > 0
