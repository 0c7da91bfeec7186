-- Who buys more than once?
-- Every true-or-false column is a rule; whoever passes all of them is a member.
select
    customer_id,
    orders_count >= 2 as bought_again,
    -- When this can next change although nothing happens; null: never.
    cast(null as timestamptz) as recheck_at
from customer_facts
