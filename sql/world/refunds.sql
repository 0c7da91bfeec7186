-- What was given back?
insert into refunds (
    source, refund_number, order_number, order_id, status, requested_at, updated_at,
    currency, amount, reason, buyer_identifier_id, customer_id, loaded_at
)
with drawn as (
    select
        *,
        world.chance('refund', :seed, order_id) as luck,
        coalesce(finished_at, shipped_at, paid_at)
        + interval '1 hour' * (order_id % 60) as requested_at
    from orders
    where paid_at is not null
)

select
    source,
    'R' || order_number as refund_number,
    order_number,
    order_id,
    case
        when status = 'refunded' then 'refunded'
        when requested_at > cast(:until as timestamptz) - interval '12 days' then 'open'
        when luck < 0.006 then 'refused'
        when luck < 0.008 then 'closed'
        else 'refunded'
    end as status,
    requested_at,
    requested_at + interval '3 days' as updated_at,
    currency,
    case when status = 'refunded' then amount else round(amount * 0.3, 2) end as amount,
    (array['size', 'quality', 'changed mind', 'late'])[1 + order_id % 4] as reason,
    buyer_identifier_id,
    customer_id,
    requested_at + interval '3 days' as loaded_at
from drawn
where
    (status = 'refunded' or (luck < 0.03 and status in ('shipped', 'finished')))
    and requested_at < cast(:until as timestamptz)
order by order_id;
