-- Which rows of an audience name nobody, or the same person and occasion again?
select
    customer_id,
    occasion,
    count(*) as rows
from pg_temp.candidate
-- Where everybody is in it once, a count says so in a quarter of the time.
where (
    select
        count(*) > count(distinct every.customer_id)
        or count(*) > count(every.occasion)
    from pg_temp.candidate as every
)
group by customer_id, occasion
having count(*) > 1 or customer_id is null or occasion is null
order by customer_id, occasion
limit 3;
