-- Everybody, in the shape that the audience of a campaign has.
create temporary table candidate on commit drop as
select
    customer_id,
    'bench' as occasion,
    cast(null as timestamptz) as anchor_at,
    true as in_audience,
    cast(null as text) as failed_rule,
    jsonb_build_object('name', name) as params
from customers;

analyze candidate;
