-- How old is their youngest child, in the words of a shop?
-- Told by a tag `child_birthday` with a date (2024-05-01) that staff or a platform put
-- on them. It moves by itself: where one stage ends, the next begins.
with stages (stage, starts_after, ends_after) as (
    values
    ('expecting', interval '-1 year', interval '0 years'),
    ('baby', interval '0 years', interval '1 year'),
    ('toddler', interval '1 year', interval '3 years'),
    ('preschool', interval '3 years', interval '6 years'),
    ('school', interval '6 years', interval '12 years'),
    ('teenager', interval '12 years', interval '18 years')
),

children as (
    -- The 30th of February, which a person may well type, is taken as the 2nd of March.
    select
        customer_id,
        max(to_date(left(value, 7), 'YYYY-MM') + cast(right(value, 2) as integer) - 1)
            as born_on
    from tags
    where
        tag = 'child_birthday'
        and value ~ '^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
    group by customer_id
)

select
    children.customer_id,
    stages.stage as value,
    'child born on ' || children.born_on as evidence,
    cast(children.born_on + stages.ends_after as timestamptz) as expires_at
from children
inner join stages
    on
        children.born_on + stages.starts_after <= :as_of
        and children.born_on + stages.ends_after > :as_of
