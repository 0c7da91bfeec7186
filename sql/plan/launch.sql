-- Is everything new and due at once, and is nobody in it twice?
select
    count(distinct customer_id) = count(*)
    and count(anchor_at) = 0 as is_launch
from candidate
where in_audience;
