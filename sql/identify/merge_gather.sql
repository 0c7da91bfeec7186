-- What do the new links join?
create temporary table all_edges on commit drop as
select distinct
    least(node_a, node_b) as node_a,
    greatest(node_a, node_b) as node_b
from fresh_links
where node_a != node_b and not is_void;

-- What is new and was seen with one customer only goes with it, whoever that will be:
-- most do, and nobody has to follow them.
create temporary table leaves on commit drop as
select
    all_edges.node_b as node,
    min(all_edges.node_a) as beside
from all_edges
where
    all_edges.node_b >= :new_from
    and not exists (
        select from all_edges as further
        where further.node_a = all_edges.node_b and further.node_a >= :new_from
    )
group by all_edges.node_b
having count(*) = 1 and min(all_edges.node_a) < :new_from;

analyze leaves;

create temporary table edges on commit drop as
select all_edges.*
from all_edges
left join leaves on all_edges.node_b = leaves.node
where leaves.node is null;

drop table all_edges;

-- In order, as are the tables made of it: neighbours are found on the same pages.
create temporary table nodes on commit drop as
select
    found.node,
    found.node as label
from (
    select :new_from + identifier_id as node from fresh_identifiers
    union
    select node_a from edges
    union
    select node_b from edges
) as found
left join leaves on found.node = leaves.node
where leaves.node is null
order by found.node;

analyze nodes, edges;
