-- Whose parcel has just arrived, and is there nothing we should settle with them first?
with parcels as (
    select
        orders.order_id,
        orders.customer_id,
        orders.order_number,
        orders.status,
        coalesce(
            orders.finished_at,
            orders.shipped_at + :transit,
            -- Some sources call an order finished without saying since when.
            case when orders.status = 'finished' then orders.updated_at end
        ) as arrived_at
    from orders
    where
        -- Older orders cannot have arrived recently; this keeps the list short.
        orders.ordered_at > :as_of - interval '60 days'
        and orders.status <> 'unpaid'
)

select
    parcels.customer_id,
    parcels.order_id as occasion,
    parcels.arrived_at as anchor_at,

    coalesce(parcels.arrived_at <= :as_of, false) as has_arrived,
    parcels.arrived_at > :as_of - :fresh as arrived_recently,
    parcels.status in ('shipped', 'finished') as was_kept,
    facts.open_refunds = 0 as has_no_open_refund,
    parcels.order_id = facts.last_order_id as is_their_latest_order,

    facts.name,
    parcels.order_number,
    -- What they spent most on.
    dearest.product_title as product,
    -- Templates of WeChat must not be filled with nothing.
    coalesce(dearest.product_title, parcels.order_number) as about
from parcels
inner join customer_facts as facts on parcels.customer_id = facts.customer_id
left join lateral (
    select lines.product_title
    from order_lines as lines
    where lines.order_id = parcels.order_id and lines.quantity > 0
    order by lines.amount desc, lines.line_key asc
    limit 1
) as dearest on true
