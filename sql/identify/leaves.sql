-- The labels of the others are settled: who was seen with one customer only takes its.
insert into nodes (node, label)
select
    leaves.beside as node,
    leaves.beside as label
from leaves
left join nodes on leaves.beside = nodes.node
where nodes.node is null
group by leaves.beside
order by leaves.beside;

insert into nodes (node, label)
select
    leaves.node,
    nodes.label
from leaves
inner join nodes on leaves.beside = nodes.node
order by leaves.node;

analyze nodes;
