-- Which steps of which candidates are due and not decided, or to be decided again?
create temporary table due on commit drop as
with steps as (
    select *
    from unnest(
        cast(:steps as text[]), cast(:afters as interval[])
    ) with ordinality as step (step, after, position)
),

known as materialized (
    -- What was decided before. A customer who turned out to be another one brings
    -- her messages along; of several for one occasion, one is decided again, and none
    -- where one of them had its end.
    select
        coalesce(customers.merged_into, touch.customer_id) as customer_id,
        touch.occasion,
        touch.step,
        min(campaign_runs.as_of) as decided_at,
        case
            when
                count(*) filter (
                    where
                    touch.decision != 'deferred'
                    and touch.reason is distinct from 'no_longer_eligible'
                ) = 0
                then
                    min(touch.touch_id) filter (where touch.not_before <= :as_of)
        end as deferred_id
    from touch
    inner join customers on touch.customer_id = customers.customer_id
    inner join campaign_runs
        on touch.campaign_run_id = campaign_runs.campaign_run_id
    where
        -- The runs lead to the part of the ledger that is theirs.
        touch.campaign_run_id = any(cast(:earlier_runs as bigint[]))
        and touch.campaign = :campaign
    group by
        coalesce(customers.merged_into, touch.customer_id), touch.occasion, touch.step
),

begun as (
    -- Where the audience has no anchor, the first decision is the anchor.
    select
        customer_id,
        occasion,
        min(decided_at) as decided_at
    from known
    where cast(:has_several_steps as boolean)
    group by customer_id, occasion
),

placed as (
    select
        candidate.customer_id,
        candidate.occasion,
        candidate.params,
        steps.step,
        cast(steps.position as smallint) as position,
        known.deferred_id as known_id,
        coalesce(candidate.anchor_at, begun.decided_at, :as_of) as anchor_at,
        coalesce(candidate.anchor_at, begun.decided_at, :as_of)
        + steps.after as due_at,
        known.step is not null as is_known
    from candidate
    cross join steps
    left join known
        on
            candidate.customer_id = known.customer_id
            and steps.step = known.step
            and candidate.occasion = known.occasion
    left join begun
        on
            candidate.customer_id = begun.customer_id
            and candidate.occasion = begun.occasion
    where candidate.in_audience
)

select
    customer_id,
    occasion,
    step,
    position,
    params,
    known_id,
    anchor_at,
    due_at,
    case
        when known_id is not null then 'again'
        when is_known then 'already'
        when due_at > :as_of then 'not_due'
        else 'new'
    end as standing
from placed
order by customer_id;

analyze due (customer_id, standing);
