-- What do the planned messages of this run cost, in the home currency?
select coalesce(sum(cost), 0) as cost
from tally;
