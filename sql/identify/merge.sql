-- Give every cluster one customer: who has the most behind it stays, the oldest among
-- equals, so that little has to be handed over; or a new one.
create temporary table owners on commit drop as
select
    nodes.label,
    cast(null as bigint) as customer_id,
    coalesce(
        min(identifiers.identifier_id) filter (where identifiers.kind = 'buyer'),
        min(identifiers.identifier_id)
    ) as first_id
from nodes
inner join identifiers on nodes.node - :new_from = identifiers.identifier_id
where nodes.label >= :new_from
group by nodes.label;

with born as (
    insert into customers (founder_id, created_at)
    select
        first_id,
        :as_of
    from owners
    order by first_id
    returning customer_id, founder_id
)

update owners
set customer_id = born.customer_id
from born
where owners.first_id = born.founder_id;

create temporary table merged on commit drop as
with several as (
    -- Customers come before what has none, so the label of such a cluster is one.
    select distinct label
    from nodes
    where label < node and node < :new_from
),

weighed as (
    select
        several.label,
        nodes.node,
        (
            select count(*) from orders
            where orders.customer_id = nodes.node
        )
        + (
            select count(*) from interactions
            where interactions.customer_id = nodes.node
        )
        + (
            select count(*) from identifiers
            where identifiers.customer_id = nodes.node
        ) as weight
    from several
    inner join nodes on several.label = nodes.label
    where nodes.node < :new_from
),

ranked as (
    select
        label,
        node,
        first_value(node) over (
            partition by label
            order by weight desc, node asc
        ) as kept_id
    from weighed
)

select
    label,
    node as merged_id,
    kept_id
from ranked
where node != kept_id
order by merged_id;

insert into owners (label, customer_id)
select
    label,
    min(kept_id) as customer_id
from merged
group by label;

analyze owners, merged;

-- All identifiers of those who are joined: `node` is whose they were.
create temporary table members on commit drop as
select
    owners.customer_id as kept_id,
    nodes.node,
    coalesce(identifiers.identifier_id, nodes.node - :new_from) as identifier_id
from owners
inner join nodes on owners.label = nodes.label
left join identifiers on nodes.node = identifiers.customer_id
where owners.label < :new_from;

analyze members;

with reasons as (
    select distinct on (merged.merged_id)
        merged.merged_id,
        sides.link_id,
        sides.evidence
    from merged
    inner join (
        select
            node_a as node,
            link_id,
            evidence
        from fresh_links
        where node_a != node_b and not is_void
        union all
        select
            node_b,
            link_id,
            evidence
        from fresh_links
        where node_a != node_b and not is_void
    ) as sides on merged.merged_id = sides.node
    order by merged.merged_id, sides.link_id
),

sides as (
    select
        merged.kept_id,
        merged.merged_id,
        array_agg(members.identifier_id order by members.identifier_id)
        filter (where members.node = merged.merged_id) as merged_identifiers,
        array_agg(members.identifier_id order by members.identifier_id)
        filter (where members.node != merged.merged_id) as kept_identifiers
    from merged
    inner join members on merged.kept_id = members.kept_id
    group by merged.kept_id, merged.merged_id
)

insert into customer_merges (
    kept_id, merged_id, link_id, evidence, merged_identifiers, kept_identifiers,
    merged_at
)
select
    sides.kept_id,
    sides.merged_id,
    reasons.link_id,
    reasons.evidence,
    sides.merged_identifiers,
    sides.kept_identifiers,
    :as_of as found_at
from sides
inner join reasons on sides.merged_id = reasons.merged_id
order by sides.merged_id;

-- A customer without a founder could not come back: the oldest identifier is it.
update customers
set founder_id = oldest.identifier_id
from (
    select
        node,
        min(identifier_id) as identifier_id
    from members
    group by node
) as oldest
where customers.customer_id = oldest.node and customers.founder_id is null;

update customers
set merged_into = merged.kept_id
from merged
where merged.merged_id = customers.customer_id;

-- And who had become one of these before.
update customers
set merged_into = merged.kept_id
from merged
where merged.merged_id = customers.merged_into;
