-- What do the new links join?
create temporary table edges on commit drop as
select distinct
    least(node_a, node_b) as node_a,
    greatest(node_a, node_b) as node_b
from fresh_links
where node_a != node_b and not is_void;

-- In order, as are the tables made of it: neighbours are found on the same pages.
create temporary table nodes on commit drop as
select
    node,
    node as label
from (
    select :new_from + identifier_id as node from fresh_identifiers
    union
    select node_a from edges
    union
    select node_b from edges
) as found
order by node;

analyze nodes, edges;
