-- Add these codes to a pool; those that it has stay as they are.
insert into reward_codes (pool, code)
select distinct
    :pool,
    given.code
from unnest(cast(:codes as text[])) as given (code)
on conflict do nothing;
