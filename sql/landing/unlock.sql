-- Give the stream free for the next session; false if it was not held.
select pg_advisory_unlock(7230003, hashtext(:source || '/' || :stream)) as was_ours
