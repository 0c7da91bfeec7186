-- Read again what every customer is like, and said last.
select pg_advisory_xact_lock(7230010);

insert into identifiers_to_read (identifier_id)
select identifier_id
from identifiers
where customer_id is not null;
