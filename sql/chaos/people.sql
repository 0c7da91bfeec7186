-- Invented customers, each with one identifier of the kind that a channel writes to.
with born as (
    insert into customers (name)
    select '顾客 ' || number
    from generate_series(1, cast(:people as integer)) as number
    returning customer_id
)

insert into identifiers (kind, scope, value, customer_id)
select
    cast(:kind as text) as kind,
    cast(:scope as text) as scope,
    replace(:pattern, '#', lpad(cast(customer_id as text), 8, '0')) as value,
    customer_id
from born;
