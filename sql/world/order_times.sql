-- When does who order? Each in their own rhythm, more in the evening, in order of time.
create unlogged table world.order_times as
select
    row_number() over (order by ordered_at, person, number) as order_id,
    person,
    ordered_at
from (
    select
        person,
        number,
        date_trunc(
            'day',
            last_at - interval '1 day' * rhythm * (
                number
                + 0.7 * (world.chance('jitter', :seed, person * 32768 + number) - 0.5)
                * sign(number)
            )
        )
        + interval '1 hour' * (
            24 * power(world.chance('hour', :seed, person * 32768 + number), 0.6)
        ) as ordered_at
    from world.people
    cross join lateral generate_series(0, orders - 1) as series (number)
) as timed;
