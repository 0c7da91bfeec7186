-- One step: every node takes the smallest label beside it, then its label's label.
-- Nodes are written anew, since nearly every one changes.
create temporary table smaller on commit drop as
select
    nodes.node,
    least(nodes.label, min(neighbours.label)) as label
from nodes
left join (
    select
        node_a as node,
        node_b as beside
    from edges
    union all
    select
        node_b,
        node_a
    from edges
) as sides on nodes.node = sides.node
left join nodes as neighbours on sides.beside = neighbours.node
group by nodes.node, nodes.label;

analyze smaller;

drop table nodes;

create temporary table nodes on commit drop as
select
    smaller.node,
    further.label
from smaller
inner join smaller as further on smaller.label = further.node;

drop table smaller;

analyze nodes;
