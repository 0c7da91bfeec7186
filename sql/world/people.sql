-- Who are these people, how much and how regularly do they buy, until when?
insert into world.people (
    person, orders, rhythm, first_at, last_at, home, accounts, has_phone, has_email,
    has_unionid, gives_junk_phone
)
with drawn as (
    -- The counts are log-logistic: half below 0.7 of the mean, a power law at the end.
    select
        person,
        least(
            20000,
            cast(
                floor(
                    0.5 + cast(:orders_per_customer as double precision) / 1.448
                    * power(luck / (1.000000001 - luck), 1 / 2.19)
                )
                as integer
            )
        ) as orders,
        least(
            400,
            4 + 28 * power(
                world.chance('rhythm', :seed, person)
                / (1.000000001 - world.chance('rhythm', :seed, person)),
                0.4
            )
        ) as wish,
        world.chance('still comes', :seed, person) < 0.55 as still_comes,
        world.chance('end', :seed, person) as ending,
        world.chance('accounts', :seed, person) as more_accounts,
        world.chance('phone', :seed, person) < 0.82 as has_phone,
        world.chance('email', :seed, person) < 0.38 as has_email,
        world.chance('unionid', :seed, person) < 0.35 as has_unionid,
        cast(:junk_phones as bigint) > 0
        and world.chance('junk', :seed, person) < 0.006 as gives_junk_phone
    from (
        select
            person,
            world.chance('orders', :seed, person) as luck
        from generate_series(1, cast(:customers as bigint)) as series (person)
    ) as lucky
),

timed as (
    select
        *,
        -- Days between the last order and the end of the world.
        case
            when orders > 1 and still_comes then least(wish, 300) * ending
            else 1090 * ending
        end as silence
    from drawn
),

paced as (
    select
        *,
        least(wish, (1094 - silence) / greatest(1, orders - 1)) as rhythm
    from timed
)

select
    person,
    orders,
    rhythm,
    cast(:until as timestamptz)
    - interval '1 day' * (0.01 + silence + rhythm * greatest(0, orders - 1))
        as first_at,
    cast(:until as timestamptz) - interval '1 day' * (0.01 + silence) as last_at,
    cast(floor(3 * world.chance('home', :seed, person)) as smallint) as home,
    cast(
        1
        + case
            when not (
                (has_phone and not gives_junk_phone) or has_email or has_unionid
            ) then 0
            when more_accounts > 0.96 then 2
            when more_accounts > 0.78 then 1
            else 0
        end
        as smallint
    ) as accounts,
    has_phone and not gives_junk_phone as has_phone,
    has_email,
    has_unionid,
    gives_junk_phone
from paced
order by person;
