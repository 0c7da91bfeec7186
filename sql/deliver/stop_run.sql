-- The words of this run are refused again and again: a person must look at the rest.
update chunk
set state = 'stopped', hold = :because
where
    campaign_run_id = :run
    and channel = :channel
    and account = :account
    and state = 'open';
