-- What was pushed and not taken, and why?
select
    source,
    reason,
    refusals,
    first_at,
    last_at
from refused_callbacks
order by last_at desc, source asc, reason asc
