-- What is decided, kept because limits follow that ask for everybody at once.
create temporary table decided on commit drop as
select *
from judged;

analyze decided;
