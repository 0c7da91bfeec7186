-- The rival notes what was sent.
update rival_queue
set
    state = 'sent',
    sent_at = clock_timestamp()
where message_id = any(cast(:ids as bigint[]));
