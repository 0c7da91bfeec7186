-- Whose segments are to be judged: who changed, and whose time has come?
select pg_advisory_xact_lock(7230012);

create temporary table chosen on commit drop as
with taken as (
    delete from customers_to_judge
    where step = 'segments'
    returning customer_id
)

-- Sorted, since a hash table of millions that does not fit is emptied without end.
select distinct on (customer_id) customer_id
from (
    select customer_id from taken
    union all
    select customer_id from segment_rechecks
    where recheck_at <= :as_of
) as found
order by customer_id;

create temporary table judged (
    customer_id bigint not null,
    is_member boolean not null,
    recheck_at timestamptz
) on commit drop;

create temporary table next_rechecks (
    customer_id bigint not null,
    recheck_at timestamptz not null
) on commit drop;

select count(*) as chosen from chosen;
