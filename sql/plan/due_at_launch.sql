-- At a launch everybody is due at once: without a copy, a million are decided sooner.
create temporary view due as
select
    candidate.customer_id,
    candidate.occasion,
    cast(:step as text) as step,
    cast(1 as smallint) as position,
    candidate.params,
    customers.language,
    customers.timezone,
    cast(null as bigint) as known_id,
    cast(:as_of as timestamptz) as anchor_at,
    cast(:as_of as timestamptz) as due_at,
    'new' as standing
from candidate
-- Who is no customer is decided on as well: she cannot be reached.
left join customers on candidate.customer_id = customers.customer_id
where candidate.in_audience;
