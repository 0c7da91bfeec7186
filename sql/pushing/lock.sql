-- May this session push to the source? False while another one does.
select pg_try_advisory_lock(7230020, hashtext(:source)) as is_ours
