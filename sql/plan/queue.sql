-- Several to one customer now: each waits for the one before it.
update touch
set after_id = queued.before_id
from (
    select
        planned.touch_id,
        lag(planned.touch_id) over (
            partition by planned.customer_id order by planned.touch_id
        ) as before_id
    from tally
    cross join lateral unnest(tally.touch_ids) as listed (touch_id)
    inner join touch as planned on listed.touch_id = planned.touch_id
) as queued
where touch.touch_id = queued.touch_id and queued.before_id is not null;
