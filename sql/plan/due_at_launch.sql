-- At a launch everybody is due at once: without a copy, a million are decided sooner.
create temporary view due as
select
    candidate.customer_id,
    candidate.occasion,
    cast(:step as text) as step,
    cast(1 as smallint) as position,
    candidate.params,
    cast(null as bigint) as known_id,
    cast(:as_of as timestamptz) as anchor_at,
    cast(:as_of as timestamptz) as due_at,
    'new' as standing
from candidate
where candidate.in_audience;
