-- What is decided, worked out as it is written.
create temporary view decided as
select *
from judged;
