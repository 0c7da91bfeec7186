-- What is decided, kept because limits follow that ask for everybody at once.
-- All of it is in the order of the customers: merging needs no tables of hashes.
set local enable_hashjoin = off;

create temporary table decided on commit drop as
select *
from judged;

set local enable_hashjoin = on;

analyze decided;
