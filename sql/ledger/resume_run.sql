-- A person looked at the words: send what is left of this run.
with resumed as (
    update chunk
    set state = 'open', hold = null
    where campaign_run_id = :run and state = 'stopped'
    returning touch_ids
)

select coalesce(sum(cardinality(touch_ids)), 0) as messages
from resumed;
