-- Whose facts are checked: everybody's who is not waiting to be computed, or some?
create temporary table chosen (customer_id bigint primary key) on commit drop;

insert into chosen (customer_id)
select customer_id
from (
    select customer_id from customers
    union
    select customer_id from customer_facts
) as everybody
where customer_id not in (select customer_id from touched_customers)
order by case when cast(:sample as integer) is not null then random() end
limit cast(:sample as integer);

analyze chosen;
