-- One step: every node takes the smallest label beside it, then its label's label.
update nodes
set label = smaller.label
from (
    select
        sides.node,
        min(neighbours.label) as label
    from (
        select
            node_a as node,
            node_b as beside
        from edges
        union all
        select
            node_b,
            node_a
        from edges
    ) as sides
    inner join nodes as neighbours on sides.beside = neighbours.node
    group by sides.node
) as smaller
where nodes.node = smaller.node and smaller.label < nodes.label;

update nodes
set label = further.label
from nodes as further
where nodes.label = further.node and further.label < nodes.label;
