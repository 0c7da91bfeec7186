-- Do they buy small, middling or large, beside all other buyers?
-- The limits are taken from everybody once a month: sql/thresholds/*_order.sql.
select
    facts.customer_id,
    case
        when facts.average_order <= small.value then 'small'
        when facts.average_order <= large.value then 'middling'
        else 'large'
    end as value,
    'average order ' || facts.average_order as evidence
from customer_facts as facts
inner join thresholds as small on small.threshold = 'small_order'
inner join thresholds as large on large.threshold = 'large_order'
where facts.average_order is not null and small.value is not null
