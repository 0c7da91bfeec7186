-- How many came out how? Both sums of tasks/planning/plan.py are checked with these.
with counted as (
    select
        'candidates' as what,
        null as reason,
        count(*) as number
    from candidate
    union all
    select
        'in_audience' as what,
        null as reason,
        count(*) as number
    from candidate
    where in_audience
    union all
    select
        standing as what,
        null as reason,
        count(*) as number
    from due
    group by standing
    union all
    select
        decision as what,
        reason,
        count(*) as number
    from decided
    group by decision, reason
)

select
    what,
    reason,
    number
from counted;
