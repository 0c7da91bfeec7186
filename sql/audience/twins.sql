-- Which rows of an audience name nobody, or the same person and occasion again?
select
    customer_id,
    occasion,
    count(*) as rows
from pg_temp.candidate
group by customer_id, occasion
having count(*) > 1 or customer_id is null or occasion is null
order by customer_id, occasion
limit 3;
