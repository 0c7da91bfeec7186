-- How large is each segment now, and how did it move last?
select distinct on (segment)
    segment,
    size,
    joined_count,
    left_count,
    counted_at
from segment_sizes
order by segment asc, counted_at desc;
