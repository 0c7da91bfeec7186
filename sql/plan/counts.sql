-- How many came out how? Both sums of tasks/planning/plan.py are checked with these.
with counted as (
    -- Of a launch it is known.
    select
        cast(:candidates as bigint) as candidates,
        cast(:in_audience as bigint) as in_audience
    where cast(:is_launch as boolean)
    union all
    select
        count(*) as candidates,
        count(*) filter (where in_audience) as in_audience
    from candidate
    having not cast(:is_launch as boolean)
)

select
    told.what,
    null as reason,
    null as detail,
    told.number
from counted
cross join
    lateral (
        values
        ('candidates', counted.candidates),
        ('in_audience', counted.in_audience),
        -- Of a launch everything is new.
        ('new', case when cast(:is_launch as boolean) then counted.in_audience end)
    ) as told (what, number)
where told.number is not null
union all
select
    standing as what,
    null as reason,
    null as detail,
    count(*) as number
from due
where not cast(:is_launch as boolean)
group by standing
union all
select
    decision as what,
    reason,
    detail,
    cast(sum(number) as bigint) as number
from tally
group by decision, reason, detail;
