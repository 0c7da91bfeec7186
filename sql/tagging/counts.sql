-- How many customers carry each tag?
select
    tags.tag,
    tags.origin,
    count(distinct tags.customer_id) as customers
from tags
group by tags.tag, tags.origin
order by tags.tag, tags.origin;
