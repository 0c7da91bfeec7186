-- How many edges still join two labels?
select count(*) as disagreeing
from edges
inner join nodes as a on edges.node_a = a.node
inner join nodes as b on edges.node_b = b.node
where a.label != b.label;
