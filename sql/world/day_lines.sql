-- What is in the orders that came in today?
insert into order_lines (
    order_id, line_key, product_id, product_title, category, variant, quantity,
    unit_price, amount
)
select
    order_id,
    1 as line_key,
    'P' || cast(10000 + product_no as text) as product_id,
    'Product ' || cast(10000 + product_no as text) as product_title,
    (array[
        'dress', 'knitwear', 'coat', 'shoes', 'bag', 'toy', 'book', 'kitchen',
        'snack', 'tea', 'care', 'sport'
    ])[1 + product_no % 12] as category,
    (array['S', 'M', 'L', 'XL'])[1 + product_no % 4] as variant,
    1 as quantity,
    amount as unit_price,
    amount
from (
    select
        order_id,
        amount,
        cast(floor(2000 * power(world.chance('product', :seed, order_id), 3)) as bigint)
            as product_no
    from orders
    where
        loaded_at = :begins
        and ordered_at > cast(:begins as timestamptz) - interval '60 days'
        and exists (select from order_lines)
) as sold
order by order_id
on conflict do nothing;
