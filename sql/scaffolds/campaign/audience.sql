-- Who has not bought for a while?
-- One row per customer and occasion. Every true-or-false column is a rule; whoever
-- passes all of them gets the campaign. An empty rule counts as unknown and keeps out.
select
    facts.customer_id,
    -- What the message is about: nobody gets it twice about the same.
    facts.last_order_id as occasion,
    -- From when the steps are counted; without it, from the day it is planned.
    facts.last_order_at + :away as anchor_at,

    -- The rules: each says in its name why somebody passes.
    facts.last_order_at <= :as_of - :away as is_long_away,
    facts.open_refunds = 0 as has_no_open_refund,
    facts.has_email as has_an_address,

    -- The values that the words use.
    facts.name
from customer_facts as facts
where facts.last_order_id is not null
