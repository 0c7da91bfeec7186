-- Give every part of what was one customer the customer that began in it; where several
-- did, the one that stands now.
create temporary table owners on commit drop as
select
    nodes.label,
    (
        array_agg(
            customers.customer_id
            order by customers.merged_into is not null, customers.customer_id
        ) filter (where customers.customer_id is not null)
    )[1] as customer_id,
    coalesce(
        min(nodes.node) filter (where identifiers.kind = 'buyer'), min(nodes.node)
    ) as first_id
from nodes
inner join identifiers on nodes.node = identifiers.identifier_id
left join customers on nodes.node = customers.founder_id
group by nodes.label;

with born as (
    insert into customers (founder_id, created_at)
    select
        first_id,
        :as_of
    from owners
    where customer_id is null
    order by first_id
    returning customer_id, founder_id
)

update owners
set customer_id = born.customer_id
from born
where owners.first_id = born.founder_id and owners.customer_id is null;

-- Former customers come back with their part, or go with the part of their founder.
update customers
set merged_into = nullif(owners.customer_id, customers.customer_id)
from nodes
inner join owners on nodes.label = owners.label
where
    customers.founder_id = nodes.node
    and customers.merged_into is distinct from nullif(
        owners.customer_id, customers.customer_id
    );

update identifiers
set customer_id = owners.customer_id
from nodes
inner join owners on nodes.label = owners.label
where
    identifiers.identifier_id = nodes.node
    and identifiers.customer_id != owners.customer_id;

update identifiers
set customer_id = null
where is_junk and customer_id in (select customer_id from affected);

-- All of them: what only the others said is not what she says any more.
insert into identifiers_to_read (identifier_id)
select node from nodes;

update customer_merges
set undone_at = :as_of, undone_because = :because
from customers as merged, customers as kept
where
    customer_merges.undone_at is null
    and (
        customer_merges.merged_id in (select customer_id from owners)
        or customer_merges.kept_id in (select customer_id from owners)
    )
    and customer_merges.merged_id = merged.customer_id
    and customer_merges.kept_id = kept.customer_id
    and coalesce(merged.merged_into, merged.customer_id)
    != coalesce(kept.merged_into, kept.customer_id);

-- What each identifier did goes with it.
update orders
set customer_id = identifiers.customer_id
from identifiers
where
    orders.customer_id in (select customer_id from affected)
    and orders.buyer_identifier_id = identifiers.identifier_id
    and orders.customer_id is distinct from identifiers.customer_id;

update refunds
set customer_id = identifiers.customer_id
from identifiers
where
    refunds.customer_id in (select customer_id from affected)
    and refunds.buyer_identifier_id = identifiers.identifier_id
    and refunds.customer_id is distinct from identifiers.customer_id;

update reviews
set customer_id = identifiers.customer_id
from identifiers
where
    reviews.customer_id in (select customer_id from affected)
    and reviews.buyer_identifier_id = identifiers.identifier_id
    and reviews.customer_id is distinct from identifiers.customer_id;

update interactions
set customer_id = identifiers.customer_id
from identifiers
where
    interactions.customer_id in (select customer_id from affected)
    and interactions.identifier_id = identifiers.identifier_id
    and interactions.customer_id is distinct from identifiers.customer_id;

update tags
set customer_id = coalesce(customers.merged_into, customers.customer_id)
from customers
where
    tags.customer_id in (select customer_id from affected)
    and tags.given_to = customers.customer_id
    and tags.customer_id != coalesce(customers.merged_into, customers.customer_id);

insert into touched_customers (customer_id)
select customer_id from affected
union
select customer_id from owners;

create temporary table parted on commit drop as
select
    count(*) filter (where customers.created_at = :as_of) as new_customers,
    count(*) - (select count(*) from affected) as parted
from owners
inner join customers on owners.customer_id = customers.customer_id;

drop table nodes, edges, owners, affected;

select
    new_customers,
    parted
from parted;
