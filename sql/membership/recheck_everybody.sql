-- When is each customer to be judged again, now that all were judged for all segments?
analyze soonest;

delete from segment_rechecks
where not exists (
    select from soonest
    where soonest.customer_id = segment_rechecks.customer_id
);

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
on conflict (customer_id) do update
    set recheck_at = excluded.recheck_at;
