-- How many codes has each pool, and how many are free?
select
    pool,
    count(*) as codes,
    count(*) filter (where touch_id is null) as free
from reward_codes
group by pool
order by pool;
