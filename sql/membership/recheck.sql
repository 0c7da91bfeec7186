-- When is each of them to be judged again, if nothing happens before? Who is to be
-- sooner already stays so, which is cheaper than writing.
-- Sorted, since a hash table of millions that does not fit is emptied without end.
create temporary table soonest on commit drop as
select distinct on (customer_id)
    customer_id,
    recheck_at
from judged
where recheck_at > :as_of
order by customer_id, recheck_at;

analyze soonest;

insert into segment_rechecks (customer_id, recheck_at)
select
    soonest.customer_id,
    soonest.recheck_at
from soonest
left join segment_rechecks as known on soonest.customer_id = known.customer_id
where
    known.customer_id is null
    or soonest.recheck_at < known.recheck_at
    or known.recheck_at <= :as_of
order by soonest.customer_id
on conflict (customer_id) do update
    set recheck_at = excluded.recheck_at;

-- Their time had come, and nothing is to come.
delete from segment_rechecks
where recheck_at <= :as_of;
