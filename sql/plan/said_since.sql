-- Who said something that identify has not read yet, and what holds for them now?
create temporary table said_since on commit drop as
select *
from agreements
where customer_id = any(array(
    select distinct identifiers.customer_id
    from identifiers_to_read
    inner join identifiers
        on identifiers_to_read.identifier_id = identifiers.identifier_id
    where identifiers.customer_id is not null
));

-- Where nobody waits, Postgres leaves out the join: no flag, no column, one row each.
create unique index on said_since (customer_id);

analyze said_since;

select exists(select from said_since) as has_waiting;
