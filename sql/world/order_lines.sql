-- Which products were in these orders? Few sell much, and everybody has a taste.
insert into order_lines (
    order_id, line_key, product_id, product_title, category, variant, quantity,
    unit_price, amount
)
with drawn as (
    select
        orders.order_id,
        lines.line_key,
        orders.amount,
        1 + cast(
            floor(3 * power(world.chance('lines', :seed, orders.order_id), 2))
            as integer
        ) as lines,
        cast(
            floor(
                2000 * power(
                    world.chance(
                        'product', :seed, orders.order_id * 4 + lines.line_key
                    ),
                    3
                )
            )
            as bigint
        ) as product,
        case
            when
                world.chance('taste', :seed, orders.order_id * 4 + lines.line_key) < 0.6
                then
                    cast(
                        floor(
                            12 * world.chance(
                                'likes',
                                :seed,
                                coalesce(orders.buyer_identifier_id / 8, 0)
                            )
                        )
                        as bigint
                    )
        end as liked
    from orders
    cross join generate_series(1, 3) as lines (line_key)
    where
        orders.order_id > cast(:after as bigint)
        and orders.order_id <= cast(:last as bigint)
),

chosen as (
    select
        *,
        -- The product nearest to the drawn one in the category that is liked.
        coalesce(product / 12 * 12 + liked, product) as product_no
    from drawn
    where line_key <= lines
)

select
    order_id,
    line_key,
    'P' || cast(10000 + product_no as text) as product_id,
    'Product ' || cast(10000 + product_no as text) as product_title,
    (array[
        'dress', 'knitwear', 'coat', 'shoes', 'bag', 'toy', 'book', 'kitchen',
        'snack', 'tea', 'care', 'sport'
    ])[1 + product_no % 12] as category,
    (array['S', 'M', 'L', 'XL'])[1 + product_no % 4] as variant,
    1 as quantity,
    round(amount / lines, 2) as unit_price,
    round(amount / lines, 2) as amount
from chosen
order by order_id, line_key;
