-- How many orders has this customer placed, in words?
-- One row per tagged customer: the tag's value, and what speaks for it.
select
    customer_id,
    case when orders_count = 1 then 'one' else 'several' end as value,
    orders_count || ' orders' as evidence
from customer_facts
where orders_count > 0
