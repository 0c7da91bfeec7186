-- Facts of everybody, as a refresh leaves them.
insert into customer_facts (
    customer_id, name, language, timezone, email, has_email, has_phone, points,
    orders_count, first_order_at, last_order_at, last_order_id, spent, average_order,
    favourite_product, reviews_count, refunds_count, open_refunds, refunded,
    interactions_count, computed_at
)
select
    customer_id,
    name,
    coalesce(language, 'zh') as language,
    coalesce(timezone, 'Asia/Shanghai') as timezone,
    'c' || customer_id || '@example.org' as email,
    true as has_email,
    false as has_phone,
    0 as points,
    1 + customer_id % 7 as orders_count,
    timestamptz '2026-01-01' as first_order_at,
    timestamptz '2027-02-28' - customer_id % 300 * interval '1 day' as last_order_at,
    customer_id as last_order_id,
    customer_id % 900 as spent,
    customer_id % 200 as average_order,
    '茶' as favourite_product,
    0 as reviews_count,
    0 as refunds_count,
    case when customer_id % 50 = 0 then 1 else 0 end as open_refunds,
    0 as refunded,
    0 as interactions_count,
    timestamptz '2027-03-01' as computed_at
from customers;
