-- Whose birthday is it, by their own calendar?
with days as (
    select
        facts.customer_id,
        facts.birthday,
        known_zone(facts.timezone, 'Asia/Shanghai') as zone,
        cast(
            :as_of at time zone known_zone(facts.timezone, 'Asia/Shanghai') as date
        ) as today
    from customer_facts as facts
    where facts.birthday is not null
),

latest as (
    -- The last birthday that has come; who was born on a 29th of February has it on
    -- the 28th where there is none.
    select
        days.*,
        cast(
            days.birthday + interval '1 year' * extract(
                year from age(days.today + 1, days.birthday)
            ) as date
        ) as celebrated_on
    from days
)

select
    facts.customer_id,
    'birthday ' || extract(year from latest.celebrated_on) as occasion,
    -- Midnight where they are; quiet hours hold it back until they are up.
    cast(latest.celebrated_on as timestamp) at time zone latest.zone as anchor_at,

    latest.celebrated_on between latest.today - 1 and latest.today as is_their_birthday,
    -- What forms fill in where nobody says anything.
    latest.birthday > date '1920-01-01'
    and latest.birthday not in (date '1970-01-01', date '1980-01-01', date '1990-01-01')
    and latest.birthday < latest.today - 365 * 14 as is_a_likely_birthday,
    facts.last_order_at > :as_of - :still_known as knows_us_still,
    facts.open_refunds = 0 as has_no_open_refund,

    facts.name
from latest
inner join customer_facts as facts on latest.customer_id = facts.customer_id
where
    -- All others would only make the list long.
    latest.celebrated_on > latest.today - 14
