-- Give every cluster one customer, the oldest in it, or a new one.
create temporary table owners on commit drop as
select
    nodes.label,
    case when nodes.label < :new_from then nodes.label end as customer_id,
    coalesce(
        min(nodes.node - :new_from) filter (where identifiers.kind = 'buyer'),
        min(nodes.node - :new_from) filter (where nodes.node >= :new_from)
    ) as first_id
from nodes
left join identifiers
    on nodes.node >= :new_from and nodes.node - :new_from = identifiers.identifier_id
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

create temporary table merged on commit drop as
select
    nodes.node as merged_id,
    nodes.label as kept_id
from nodes
where nodes.label < nodes.node and nodes.node < :new_from;

create temporary table members on commit drop as
select
    nodes.label,
    nodes.node,
    identifiers.identifier_id
from nodes
inner join identifiers on nodes.node = identifiers.customer_id
where nodes.label in (select kept_id from merged)
union all
select
    label,
    node,
    node - :new_from as identifier_id
from nodes
where node >= :new_from and label in (select kept_id from merged);

analyze owners, merged, members;

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
        from links
        where node_a != node_b
        union all
        select
            node_b,
            link_id,
            evidence
        from links
        where node_a != node_b
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
    inner join members on merged.kept_id = members.label
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
where merged.merged_id in (customers.customer_id, customers.merged_into);
