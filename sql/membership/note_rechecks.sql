-- When can this segment next change by itself for those who were judged?
insert into next_rechecks (customer_id, recheck_at)
select
    customer_id,
    recheck_at
from judged
where recheck_at > :as_of;
