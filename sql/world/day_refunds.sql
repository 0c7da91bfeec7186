-- Who wants their money back today?
insert into refunds (
    source, refund_number, order_number, order_id, status, requested_at, updated_at,
    currency, amount, reason, buyer_identifier_id, customer_id, loaded_at
)
select
    source,
    'R' || order_number as refund_number,
    order_number,
    order_id,
    'open' as status,
    cast(:begins as timestamptz) + interval '9 hours' as requested_at,
    cast(:begins as timestamptz) + interval '9 hours' as updated_at,
    currency,
    round(amount * case when order_id % 3 = 0 then 1 else 0.3 end, 2) as amount,
    'size' as reason,
    buyer_identifier_id,
    customer_id,
    :begins as loaded_at
from orders
where
    ordered_at > cast(:begins as timestamptz) - interval '14 days'
    and ordered_at < :begins
    and paid_at is not null
    and world.chance('refunds', :seed, order_id) < 0.004
order by order_id
on conflict on constraint refunds_natural_key do nothing;
