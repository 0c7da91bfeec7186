-- Hand over what belonged to merged customers, and what belonged to nobody yet.
update identifiers
set customer_id = merged.kept_id
from merged
where identifiers.customer_id = merged.merged_id;

update identifiers
set customer_id = owners.customer_id
from nodes
inner join owners on nodes.label = owners.label
where nodes.node >= :new_from and identifiers.identifier_id = nodes.node - :new_from;

delete from links_to_follow
using fresh_links
where links_to_follow.link_id = fresh_links.link_id;

update orders
set customer_id = merged.kept_id
from merged
where orders.customer_id = merged.merged_id;

update refunds
set customer_id = merged.kept_id
from merged
where refunds.customer_id = merged.merged_id;

update reviews
set customer_id = merged.kept_id
from merged
where reviews.customer_id = merged.merged_id;

update interactions
set customer_id = merged.kept_id
from merged
where interactions.customer_id = merged.merged_id;

-- Rule and platform tags are found again from what the customer now is.
update tags
set customer_id = merged.kept_id
from merged
where tags.customer_id = merged.merged_id;

insert into touched_customers (customer_id)
select merged_id from merged
union
select kept_id from merged;

select
    count(*) filter (where label >= :new_from) as new_customers,
    (select count(*) from merged) as merged
from owners;
