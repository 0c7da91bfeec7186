-- Which customer parts the base into two halves of about the same work?
select
    count(*) as customers,
    percentile_disc(0.5) within group (order by customer_id) as middle
from customers;
