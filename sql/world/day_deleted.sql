-- Which recent orders does the shop take back altogether?
delete from orders
where
    ordered_at > cast(:begins as timestamptz) - interval '12 days'
    and world.chance('deleted', :seed, order_id) < 0.002
    and not exists (
        select from refunds
        where refunds.order_id = orders.order_id
    )
    and not exists (
        select from reviews
        where reviews.order_id = orders.order_id
    );
