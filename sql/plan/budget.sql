-- For whom is there no money left in the campaign's budget?
with spent as (
    select
        coalesce(sum(touch.cost), 0) as altogether,
        coalesce(
            sum(touch.cost) filter (
                where cast(runs.as_of at time zone :zone as date) = :today
            ), 0
        ) as this_day
    from touch
    inner join campaign_runs as runs
        on coalesce(touch.replanned_in, touch.campaign_run_id) = runs.campaign_run_id
    where
        touch.campaign_run_id = any(cast(:earlier_runs as bigint[]))
        and touch.campaign = :campaign
        and touch.decision = 'planned'
        and touch.cost > 0
        -- What was not sent after all costs nothing.
        and not exists (
            select
            from outcome
            where outcome.touch_id = touch.touch_id
            having
                bool_or(outcome.outcome in ('skipped', 'failed', 'dead'))
                and not bool_or(outcome.outcome in ('accepted', 'released'))
        )
),

ranked as (
    -- Who has waited longest goes first.
    select
        customer_id,
        step,
        occasion,
        sum(price) over (
            order by latest_at, customer_id, step, occasion rows unbounded preceding
        ) as altogether
    from decided
    where decision = 'planned' and price > 0
),

placed as (
    select
        ranked.customer_id,
        ranked.step,
        ranked.occasion,
        case
            when ranked.altogether > cast(:total as numeric) - spent.altogether
                then 'total'
            when ranked.altogether > cast(:per_day as numeric) - spent.this_day
                then 'per day'
        end as lacks
    from ranked
    cross join spent
)

update decided
set
    decision = case
        when placed.lacks = 'per day' and :tomorrow <= decided.latest_at
            then 'deferred'
        else 'skipped'
    end,
    reason = 'budget',
    detail = placed.lacks,
    not_before = case
        when placed.lacks = 'per day' and :tomorrow <= decided.latest_at then :tomorrow
    end,
    reward = null,
    params = null
from placed
where
    decided.customer_id = placed.customer_id
    and decided.step = placed.step
    and decided.occasion = placed.occasion
    and placed.lacks is not null;
