-- Whose segments are to be judged: who changed, and whose time has come?
-- Who was touched without a new fact counts only if some file reads more than facts.
select pg_advisory_xact_lock(7230012);

create temporary table chosen on commit drop as
with taken as (
    delete from customers_to_judge
    where step = 'segments'
    returning customer_id, has_new_facts
)

-- Sorted, since a hash table of millions that does not fit is emptied without end.
select distinct on (customer_id) customer_id
from (
    select customer_id from taken
    where has_new_facts or cast(:reads_more as boolean)
    union all
    select customer_id from segment_rechecks
    where recheck_at <= :as_of
) as found
order by customer_id;

analyze chosen;

create temporary table judged (
    segment text not null,
    customer_id bigint not null,
    is_member boolean not null,
    recheck_at timestamptz
) on commit drop;
