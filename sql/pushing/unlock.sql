-- Give the source free for the next push.
drop table if exists pg_temp.label_change;
select pg_advisory_unlock(7230020, hashtext(:source)) as was_ours;
