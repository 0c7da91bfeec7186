-- Whose child has just grown into another stage?
-- The tag child_stage moves by itself, from the birthday that the parents told us.
with begins (stage, starts_after) as (
    -- As in the tag: how old a child is when a stage begins.
    values
    ('baby', interval '0 years'),
    ('toddler', interval '1 year'),
    ('preschool', interval '3 years'),
    ('school', interval '6 years'),
    ('teenager', interval '12 years')
),

grown as (
    select
        tags.customer_id,
        tags.value as stage,
        tags.evidence,
        -- Not when the tag was put on: that may be the day the tag was invented.
        cast(
            cast(substring(tags.evidence from '\d{4}-\d\d-\d\d$') as date)
            + begins.starts_after as timestamptz
        ) as began_at
    from tags
    inner join begins on tags.value = begins.stage
    where tags.tag = 'child_stage' and tags.origin = 'rule'
)

select
    facts.customer_id,
    -- Each child goes through each stage once.
    grown.stage || ', ' || grown.evidence as occasion,
    grown.began_at as anchor_at,

    grown.stage ~ ('^(' || :stages || ')$') as is_a_stage_for_us,
    grown.began_at > :as_of - :fresh as has_just_begun,
    facts.orders_count > 0 as bought_before,
    facts.open_refunds = 0 as has_no_open_refund,

    facts.name,
    grown.stage
from grown
inner join customer_facts as facts on grown.customer_id = facts.customer_id
where grown.evidence is not null
