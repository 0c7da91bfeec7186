-- What is known of this customer?
select * from customer_facts
where customer_id = :customer_id;
