-- Who says today what they think of an order?
insert into reviews (
    source, review_number, order_number, order_id, product_id, rating, body,
    reviewed_at, updated_at, buyer_identifier_id, customer_id, loaded_at
)
select
    source,
    'V' || order_number as review_number,
    order_number,
    order_id,
    'P' || cast(10000 + order_id % 2000 as text) as product_id,
    5 - order_id % 3 as rating,
    '不错' as body,
    cast(:begins as timestamptz) + interval '20 hours' as reviewed_at,
    cast(:begins as timestamptz) + interval '20 hours' as updated_at,
    buyer_identifier_id,
    customer_id,
    :begins as loaded_at
from orders
where
    ordered_at > cast(:begins as timestamptz) - interval '20 days'
    and ordered_at < :begins
    and status = 'finished'
    and world.chance('reviews', :seed, order_id) < 0.01
order by order_id
on conflict on constraint reviews_natural_key do nothing;
