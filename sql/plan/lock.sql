-- Is another planner of this campaign at work? Wait for it.
select pg_advisory_xact_lock(7230002, hashtext(:campaign));
