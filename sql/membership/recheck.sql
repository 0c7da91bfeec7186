-- When is each of them to be judged again, if nothing happens before?
-- Sorted, since a hash table of millions that does not fit is emptied without end.
create temporary table soonest on commit drop as
select distinct on (customer_id)
    customer_id,
    recheck_at
from judged
where recheck_at > :as_of
order by customer_id, recheck_at;

analyze soonest;

delete from segment_rechecks
where
    -- An array is looked up; a subquery of unknown size would read all there are.
    customer_id = any(array(
        select customer_id from chosen
        except
        select customer_id from soonest
    ));

-- Who was judged for one segment only keeps what the others said, if it is sooner.
insert into segment_rechecks (customer_id, recheck_at)
select
    soonest.customer_id,
    soonest.recheck_at
from soonest
left join segment_rechecks as known on soonest.customer_id = known.customer_id
left join chosen on soonest.customer_id = chosen.customer_id
where
    known.customer_id is null
    or soonest.recheck_at < known.recheck_at
    or (chosen.customer_id is not null and soonest.recheck_at != known.recheck_at)
order by soonest.customer_id
on conflict (customer_id) do update
    set recheck_at = excluded.recheck_at;
