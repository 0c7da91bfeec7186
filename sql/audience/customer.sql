-- Which customers does a person mean by this number, address or order?
with recursive meant as (
    select customers.customer_id
    from customers
    where cast(customers.customer_id as text) = :word
    union
    select identifiers.customer_id
    from identifiers
    where identifiers.value in (:word, lower(:word), '86' || :word)
    union
    select orders.customer_id
    from orders
    where orders.order_number = :word
),

-- Whoever turned out to be another customer is asked about as that one.
followed as (
    select
        meant.customer_id,
        customers.merged_into
    from meant
    inner join customers on meant.customer_id = customers.customer_id
    union
    select
        customers.customer_id,
        customers.merged_into
    from followed
    inner join customers on followed.merged_into = customers.customer_id
)

select
    followed.customer_id,
    customers.name
from followed
inner join customers on followed.customer_id = customers.customer_id
where followed.merged_into is null
order by followed.customer_id;
