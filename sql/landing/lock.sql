-- May this session land the stream? False while another session does.
select pg_try_advisory_lock(7230003, hashtext(:source || '/' || :stream)) as is_ours
