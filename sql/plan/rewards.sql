-- Who gets a reward with this step, and for whom is there none left?
with given as (
    select
        coalesce(sum(value), 0) as altogether,
        coalesce(sum(value) filter (where given_on = :today), 0) as this_day
    from rewards
    where campaign = :campaign and step = :step and voided_at is null
),

free as (
    select
        code,
        row_number() over (order by code) as number
    from reward_codes
    where pool = cast(:pool as text) and touch_id is null
),

room as (
    select
        floor((cast(:total as numeric) - given.altogether) / :value) as altogether,
        floor((cast(:per_day as numeric) - given.this_day) / :value) as this_day,
        case
            when cast(:pool as text) is not null then (select count(*) from free)
        end as codes
    from given
),

ranked as (
    -- Who has waited longest goes first.
    select
        customer_id,
        occasion,
        row_number() over (order by latest_at, customer_id, occasion) as number
    from decided
    where decision = 'planned' and step = :step
),

placed as (
    select
        ranked.customer_id,
        ranked.occasion,
        case
            when ranked.number > room.altogether then 'its total budget'
            when ranked.number > room.codes then 'the pool ' || :pool
            when ranked.number > room.this_day then 'its budget of the day'
        end as lacks,
        coalesce(
            free.code,
            :prefix || upper(
                left(replace(cast(gen_random_uuid() as text), '-', ''), 12)
            )
        ) as code
    from ranked
    cross join room
    left join free on ranked.number = free.number
)

update decided
set
    decision = case
        when placed.lacks is null then 'planned'
        when placed.lacks != 'its total budget' and :tomorrow <= decided.latest_at
            then 'deferred'
        else 'skipped'
    end,
    reason = case when placed.lacks is not null then 'no_reward' end,
    detail = placed.lacks,
    not_before = case
        when placed.lacks is null then decided.not_before
        when placed.lacks != 'its total budget' and :tomorrow <= decided.latest_at
            then :tomorrow
    end,
    reward = case when placed.lacks is null then placed.code end,
    price = coalesce(decided.price, 0)
    + case when placed.lacks is null then cast(:home_value as numeric) else 0 end,
    params = case
        when placed.lacks is null
            then
                coalesce(decided.params, '{}') || jsonb_build_object(
                    'reward',
                    cast(:words as jsonb) || jsonb_build_object('code', placed.code)
                )
    end
from placed
where
    decided.step = :step
    and decided.customer_id = placed.customer_id
    and decided.occasion = placed.occasion;
