-- Judge everybody, those included who have no facts any more.
insert into chosen (customer_id)
select customer_id
from (
    select customer_id from customer_facts
    union
    select customer_id from tags
) as everybody
where customer_id not in (select customer_id from chosen);
