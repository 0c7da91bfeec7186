-- The next messages of the rival's queue.
with next_ones as (
    select message_id
    from rival_queue
    where state = 'queued'
    order by message_id
    limit :batch
    for update skip locked
)

update rival_queue
set
    state = 'sending',
    claimed_by = :worker,
    claimed_at = clock_timestamp()
from next_ones
where rival_queue.message_id = next_ones.message_id
returning rival_queue.message_id, rival_queue.address, rival_queue.params;
