-- Which clusters does a second connection join? Every other one, whatever is in them.
alter table nodes rename to all_nodes;
alter table fresh_links rename to all_links;

create temporary table nodes_beside on commit drop as
select *
from all_nodes
where hashint8(label) & 1 = 1;

analyze nodes_beside;

create temporary table nodes on commit drop as
select all_nodes.*
from all_nodes
left join nodes_beside on all_nodes.node = nodes_beside.node
where nodes_beside.node is null;

-- Links that are held, void or join nothing stay here, where what they say was noted.
create temporary table links_beside on commit drop as
select
    all_links.link_id,
    all_links.evidence,
    all_links.node_a,
    all_links.node_b,
    all_links.is_void
from all_links
inner join nodes_beside as a on all_links.node_a = a.node
inner join nodes_beside as b on all_links.node_b = b.node
where a.label = b.label and a.node != b.node and not all_links.is_void;

analyze links_beside;

create temporary table fresh_links on commit drop as
select all_links.*
from all_links
left join links_beside on all_links.link_id = links_beside.link_id
where links_beside.link_id is null;

drop table all_nodes, all_links;

analyze nodes, fresh_links;
