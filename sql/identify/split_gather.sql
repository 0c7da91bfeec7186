-- The identifiers of the affected customers and the links that still hold between them.
create temporary table nodes on commit drop as
select
    identifiers.identifier_id as node,
    identifiers.identifier_id as label
from identifiers
where
    identifiers.customer_id in (select customer_id from affected)
    and not identifiers.is_junk;

create temporary table edges on commit drop as
select
    links.identifier_a as node_a,
    links.identifier_b as node_b
from identifier_links as links
inner join nodes as a on links.identifier_a = a.node
inner join nodes as b on links.identifier_b = b.node
where
    links.held_at is null
    and links.rejected_at is null
    and not exists (
        select from links_to_follow
        where links_to_follow.link_id = links.link_id
    );

-- A customer whose founder is gone is followed by its oldest identifier instead.
update customers
set founder_id = oldest.identifier_id
from (
    select distinct on (identifiers.customer_id)
        identifiers.customer_id,
        identifiers.identifier_id
    from nodes
    inner join identifiers on nodes.node = identifiers.identifier_id
    order by
        identifiers.customer_id asc, identifiers.kind = 'buyer' desc, nodes.node asc
) as oldest
where
    customers.customer_id = oldest.customer_id
    and not exists (
        select from nodes
        where nodes.node = customers.founder_id
    );

analyze nodes, edges;
