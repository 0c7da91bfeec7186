-- What do the new links join? Nodes are customers, or identifiers without one.
create temporary table links on commit drop as
select
    fresh_links.link_id,
    fresh_links.identifier_a,
    fresh_links.identifier_b,
    fresh_links.evidence,
    coalesce(a.customer_id, :new_from + a.identifier_id) as node_a,
    coalesce(b.customer_id, :new_from + b.identifier_id) as node_b
from fresh_links
inner join identifiers as a on fresh_links.identifier_a = a.identifier_id
inner join identifiers as b on fresh_links.identifier_b = b.identifier_id
where not a.is_junk and not b.is_junk;

create temporary table edges on commit drop as
select distinct
    least(node_a, node_b) as node_a,
    greatest(node_a, node_b) as node_b
from links
where node_a != node_b;

create temporary table nodes on commit drop as
select
    node,
    node as label
from (
    select :new_from + identifier_id as node from fresh_identifiers
    union
    select node_a from links
    union
    select node_b from links
) as found;

analyze links, nodes, edges;
