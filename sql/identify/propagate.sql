-- One step: every label becomes the smallest beside it, then that one's; only edges
-- that still join two labels are left.
create temporary table smaller on commit drop as
with beside as (
    -- The smaller end of an edge is the first.
    select
        node_b as label,
        min(node_a) as least_label
    from edges
    group by node_b
)

select
    beside.label,
    coalesce(further.least_label, beside.least_label) as least_label
from beside
left join beside as further on beside.least_label = further.label;

analyze smaller;

alter table nodes rename to labelled;

-- Written anew, since many change.
create temporary table nodes on commit drop as
select
    labelled.node,
    coalesce(smaller.least_label, labelled.label) as label
from labelled
left join smaller on labelled.label = smaller.label;

alter table edges rename to followed;

create temporary table edges on commit drop as
select distinct
    least(a, b) as node_a,
    greatest(a, b) as node_b
from (
    select
        coalesce(side_a.least_label, followed.node_a) as a,
        coalesce(side_b.least_label, followed.node_b) as b
    from followed
    left join smaller as side_a on followed.node_a = side_a.label
    left join smaller as side_b on followed.node_b = side_b.label
) as moved
where a != b;

drop table smaller, labelled, followed;

analyze nodes, edges;
