-- One load of a source at a time; and settings that suit one big transaction.
select pg_advisory_xact_lock(7230002, hashtext(:source));

-- Loads share this lock, identify holds it alone: it moves what they refer to.
select pg_advisory_xact_lock_shared(7230010);

set local jit = off;
set local work_mem = '128MB';
