-- How large is each segment now?
select
    segment_members.segment,
    count(*) as customers
from segment_members
where segment_members.left_at is null
group by segment_members.segment
order by customers desc, segment_members.segment asc
