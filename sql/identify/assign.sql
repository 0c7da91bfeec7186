-- Whose are the orders, refunds, reviews and interactions that came without a customer?
update refunds
set customer_id = identifiers.customer_id
from identifiers
where
    refunds.customer_id is null
    and refunds.buyer_identifier_id = identifiers.identifier_id
    and identifiers.customer_id is not null;

update reviews
set customer_id = identifiers.customer_id
from identifiers
where
    reviews.customer_id is null
    and reviews.buyer_identifier_id = identifiers.identifier_id
    and identifiers.customer_id is not null;

update interactions
set customer_id = identifiers.customer_id
from identifiers
where
    interactions.customer_id is null
    and interactions.identifier_id = identifiers.identifier_id
    and identifiers.customer_id is not null;

with found as (
    update orders
    set customer_id = identifiers.customer_id
    from identifiers
    where
        orders.customer_id is null
        and orders.buyer_identifier_id = identifiers.identifier_id
        and identifiers.customer_id is not null
    returning 1
)

select count(*) as orders from found;
