-- What is known of those who are chosen, read once for all segments?
create temporary table chosen_facts on commit drop as
select *
from customer_facts
where customer_id = any(array(select customer_id from chosen));
