-- Is another planner at work? Wait for it: what it promises counts for us.
-- A plan sorts and joins whole audiences, once, in one connection.
set local work_mem = '256MB';

select pg_advisory_xact_lock(7230002);
