-- Whose child has just grown into another stage?
-- The tag child_stage moves by itself, from the birthday that the parents told us.
select
    facts.customer_id,
    -- Each child goes through each stage once.
    stages.value || ', ' || coalesce(stages.evidence, '') as occasion,
    stages.tagged_at as anchor_at,

    stages.value ~ ('^(' || :stages || ')$') as is_a_stage_for_us,
    stages.tagged_at > :as_of - :fresh as has_just_begun,
    facts.orders_count > 0 as bought_before,
    facts.open_refunds = 0 as has_no_open_refund,

    facts.name,
    stages.value as stage
from tags as stages
inner join customer_facts as facts on stages.customer_id = facts.customer_id
where stages.tag = 'child_stage' and stages.origin = 'rule'
