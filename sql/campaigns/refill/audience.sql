-- Who will soon order again, if they keep to their own rhythm?
-- One reminder per order; the next one is counted from the next order.
select
    facts.customer_id,
    facts.last_order_id as occasion,
    facts.last_order_at + facts.buying_interval - :ahead as anchor_at,

    facts.buying_interval between interval '10 days' and interval '180 days'
        as has_a_steady_rhythm,
    facts.last_order_at + facts.buying_interval - :ahead <= :as_of as is_due_soon,
    -- Later than that they are slipping: win_back is for them.
    facts.last_order_at + 2 * facts.buying_interval > :as_of as is_not_overdue,
    facts.open_refunds = 0 as has_no_open_refund,
    not exists (
        select 1
        from tags
        where tags.customer_id = facts.customer_id and tags.tag = 'complained'
    ) as has_no_complaint,

    facts.name,
    facts.favourite_product as product
from customer_facts as facts
where
    facts.buying_interval is not null
    -- Nobody's rhythm is that long; this keeps the list short.
    and facts.last_order_at > :as_of - interval '400 days'
