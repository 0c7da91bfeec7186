-- Who tells others about what they bought, whatever they say?
select
    customer_id,
    case when reviews_count >= 3 then 'often' else 'sometimes' end as value,
    reviews_count || ' reviews' as evidence
from customer_facts
where reviews_count > 0
