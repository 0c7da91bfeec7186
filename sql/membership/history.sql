-- How did the size of a segment change?
select
    counted_at,
    size,
    joined_count,
    left_count
from segment_sizes
where segment = :segment
order by counted_at desc
limit :most;
