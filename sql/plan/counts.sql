-- How many came out how? Both sums of tasks/planning/plan.py are checked with these.
select
    'candidates' as what,
    null as reason,
    null as detail,
    count(*) as number
from candidate
union all
select
    'in_audience' as what,
    null as reason,
    null as detail,
    count(*) as number
from candidate
where in_audience
union all
-- Of a launch everything is new.
select
    'new' as what,
    null as reason,
    null as detail,
    count(*) as number
from candidate
where in_audience and cast(:is_launch as boolean)
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
