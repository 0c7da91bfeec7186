-- Is everything new and due at once, and is nobody in it twice? How many are they, and
-- so many that all customers are better read than each of them looked up?
select
    counted.*,
    counted.people = counted.in_audience and counted.anchored = 0 as is_launch,
    counted.in_audience > coalesce(known_rows('customers') / 4, 'infinity') as is_broad
from (
    select
        count(*) as candidates,
        count(*) filter (where in_audience) as in_audience,
        count(anchor_at) filter (where in_audience) as anchored,
        count(distinct customer_id) filter (where in_audience) as people
    from candidate
) as counted;
