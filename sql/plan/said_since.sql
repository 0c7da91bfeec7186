-- Who said something that identify has not read yet, and what holds for them now?
create temporary table said_since on commit drop as
with waiting as (
    select distinct identifiers.customer_id
    from identifiers_to_read
    inner join identifiers
        on identifiers_to_read.identifier_id = identifiers.identifier_id
    where identifiers.customer_id is not null
)

select
    waiting.customer_id,
    coalesce(agreements.agreed_to, '{}') as agreed_to,
    coalesce(agreements.refused, '{}') as refused
from waiting
left join (
    select *
    from agreements
    where customer_id = any(array(select customer_id from waiting))
) as agreements on waiting.customer_id = agreements.customer_id;

-- Where nobody waits, Postgres leaves out the join: no flag, no column, one row each.
create unique index on said_since (customer_id);

analyze said_since;

select exists(select from said_since) as has_waiting;
