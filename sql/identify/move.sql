-- Hand over what belonged to merged customers, and what belonged to nobody yet.
create temporary table handed_over on commit drop as
select
    members.identifier_id,
    merged.kept_id as customer_id
from merged
inner join members on merged.merged_id = members.node
union all
select
    nodes.node - :new_from as identifier_id,
    coalesce(owners.customer_id, nodes.label) as customer_id
from nodes
left join owners on nodes.label = owners.label
where nodes.node >= :new_from
order by identifier_id;

analyze handed_over;

-- What came for those without a customer waits to be read since it came.
insert into identifiers_to_read (identifier_id)
select members.identifier_id
from merged
inner join members on merged.merged_id = members.node;

-- Every row by its index: the tables are large, and of their rows few are moved.
set local enable_hashjoin = off;
set local enable_mergejoin = off;

update identifiers
set customer_id = handed_over.customer_id
from handed_over
where identifiers.identifier_id = handed_over.identifier_id;

-- Pages in their order, read ahead: the rows of many customers lie all over a table.
set local enable_hashjoin = on;
set local enable_nestloop = off;
set local enable_indexscan = off;

update orders
set customer_id = merged.kept_id
from merged
where
    orders.customer_id = merged.merged_id
    and orders.customer_id = any(array(select merged_id from merged));

update refunds
set customer_id = merged.kept_id
from merged
where
    refunds.customer_id = merged.merged_id
    and refunds.customer_id = any(array(select merged_id from merged));

update reviews
set customer_id = merged.kept_id
from merged
where
    reviews.customer_id = merged.merged_id
    and reviews.customer_id = any(array(select merged_id from merged));

update interactions
set customer_id = merged.kept_id
from merged
where
    interactions.customer_id = merged.merged_id
    and interactions.customer_id = any(array(select merged_id from merged));

-- Rule and platform tags stay, and go with the next refresh of tags, which finds them
-- again from what the customer now is.
update tags
set customer_id = merged.kept_id
from merged
where
    tags.customer_id = merged.merged_id
    and tags.customer_id = any(array(select merged_id from merged))
    and tags.origin = 'staff';

set local enable_mergejoin = on;
set local enable_nestloop = on;
set local enable_indexscan = on;

delete from links_to_follow
using fresh_links
where links_to_follow.link_id = fresh_links.link_id;

select
    count(*) filter (where label >= :new_from) as new_customers,
    (select count(*) from merged) as merged
from owners;
