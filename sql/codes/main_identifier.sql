-- By which identifier is a customer remembered, whatever is merged later?
select identifier_id
from identifiers
where customer_id = :customer_id and not is_junk
order by identifier_id
limit 1
