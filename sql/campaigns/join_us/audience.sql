-- Who buys from us on marketplaces only, and could be a customer of our own?
with bought as (
    select
        orders.customer_id,
        bool_or(orders.source ~* :marketplaces) as is_on_a_marketplace,
        bool_or(orders.source !~* :marketplaces) as is_in_our_own_shop
    from orders
    where
        orders.customer_id is not null
        and orders.status not in ('unpaid', 'cancelled')
    group by orders.customer_id
)

select
    facts.customer_id,
    -- Nobody is invited twice.
    'join' as occasion,
    facts.last_order_at + :after_order as anchor_at,

    bought.is_on_a_marketplace as bought_on_a_marketplace,
    not bought.is_in_our_own_shop as never_in_our_own_shop,
    not exists (
        select 1
        from identifiers
        where
            identifiers.customer_id = facts.customer_id
            and identifiers.kind in ('openid', 'unionid', 'external_userid')
    ) as follows_us_nowhere,
    facts.last_order_at <= :as_of - :after_order as has_had_the_parcel,
    facts.spent > facts.refunded as keeps_what_they_buy,
    facts.open_refunds = 0 as has_no_open_refund,

    facts.name,
    facts.orders_count,
    facts.favourite_product as product
from bought
inner join customer_facts as facts on bought.customer_id = facts.customer_id
where facts.last_order_at > :as_of - interval '60 days'
