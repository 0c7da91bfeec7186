-- How many people are there, and how many are known to more than one source?
with known as (
    select
        identifiers.customer_id,
        count(distinct identifiers.scope) as sources
    from identifiers
    where identifiers.kind = 'buyer' and identifiers.customer_id is not null
    group by identifiers.customer_id
)

select
    count(*) as customers,
    count(*) filter (where known.sources > 1) as in_both
from known
