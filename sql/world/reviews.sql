-- What did they say about it? Mostly good things, at length or not at all.
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
    (array[5, 5, 5, 5, 4, 5, 4, 3, 2, 1])[
        1 + cast(floor(10 * world.chance('rating', :seed, order_id)) as integer)
    ] as rating,
    (array['很好', '不错，下次再来', '一般', null, '物流很快'])[1 + order_id % 5] as body,
    finished_at + interval '1 day' as reviewed_at,
    finished_at + interval '1 day' as updated_at,
    buyer_identifier_id,
    customer_id,
    finished_at + interval '1 day' as loaded_at
from orders
where
    status = 'finished'
    and finished_at < cast(:until as timestamptz) - interval '1 day'
    and world.chance('reviews', :seed, order_id) < 0.09
order by order_id;
