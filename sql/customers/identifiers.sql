-- By what do we know this customer?
select
    kind,
    scope,
    value,
    first_seen_at
from identifiers
where customer_id = :customer_id
order by kind, identifier_id;
