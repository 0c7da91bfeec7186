-- Which steps of which candidates are due and not decided, or to be decided again?
create temporary table due on commit drop as
with steps as (
    select *
    from unnest(
        cast(:steps as text[]), cast(:afters as interval[])
    ) with ordinality as step (step, after, position)
),

merged as (
    -- A customer who turned out to be another one brings her messages along.
    with recursive chain as (
        select
            customer_id as known_as,
            merged_into as customer_id
        from customers
        where merged_into is not null
        union all
        select
            chain.known_as,
            customers.merged_into
        from chain
        inner join customers on chain.customer_id = customers.customer_id
        where customers.merged_into is not null
    )

    select
        chain.customer_id,
        touch.step,
        touch.occasion
    from chain
    inner join touch on chain.known_as = touch.customer_id
    where touch.campaign = :campaign
)

select
    candidate.customer_id,
    candidate.occasion,
    candidate.params,
    steps.step,
    steps.position,
    known.touch_id as known_id,
    known.latest_at as known_latest_at,
    coalesce(candidate.anchor_at, :as_of) + steps.after as due_at,
    case
        when known.decision = 'deferred' and known.not_before <= :as_of then 'again'
        when known.touch_id is not null or merged.step is not null then 'already'
        when coalesce(candidate.anchor_at, :as_of) + steps.after > :as_of
            then 'not_due'
        else 'new'
    end as standing
from candidate
cross join steps
left join touch as known
    on
        candidate.customer_id = known.customer_id
        and known.campaign = :campaign
        and steps.step = known.step
        and candidate.occasion = known.occasion
left join merged
    on
        candidate.customer_id = merged.customer_id
        and steps.step = merged.step
        and candidate.occasion = merged.occasion
where candidate.in_audience;

analyze due;
