-- What must follow when rows came with numbers of their own and without triggers?
select setval(pg_get_serial_sequence('customers', 'customer_id'), max(customer_id))
from customers;

select
    setval(
        pg_get_serial_sequence('identifiers', 'identifier_id'), max(identifier_id)
    ) as last_number
from identifiers;

select setval(pg_get_serial_sequence('orders', 'order_id'), max(order_id))
from orders;

insert into touched_customers (customer_id)
select customer_id from customers;

insert into links_to_follow (link_id)
select link_id from identifier_links
where not cast(:is_identified as boolean);
