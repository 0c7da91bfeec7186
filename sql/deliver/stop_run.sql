-- The words of this run are refused again and again: a person must look at the rest.
-- What is in doubt is still asked about.
update chunk
set state = 'stopped', hold = :because
where
    campaign_run_id = :run
    and channel = :channel
    and account = :account
    and kind != 'doubt'
    and state = 'open';
