-- The bare insert.
insert into rival_touch
select *
from rival_rows;
