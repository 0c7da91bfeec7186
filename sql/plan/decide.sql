-- What is decided of each due message, and for which reason?
create temporary table decided on commit drop as
with zones as (
    -- One look at the clock per zone, not per customer.
    select
        given.zone as given_zone,
        known.zone,
        span.not_before,
        span.open_until
    from (
        select distinct customers.timezone as zone
        from due
        inner join customers on due.customer_id = customers.customer_id
        where cast(:quiet_from as time) is not null
    ) as given
    cross join
        lateral (
            select known_zone(given.zone, :zone) as zone
        ) as known
    cross join lateral open_span(
        :as_of, known.zone, cast(:quiet_from as time), cast(:quiet_to as time)
    ) as span
),

judged as materialized (
    select
        due.known_id,
        due.customer_id,
        due.occasion,
        due.step,
        due.position,
        due.params,
        due.due_at + cast(:latest_delay as interval) as latest_at,
        coalesce(zones.not_before, :as_of) as not_before,
        zones.zone,
        zones.open_until,
        customers.language,
        reach.channel,
        reach.account,
        reach.address,
        reach.identifier_id,
        case
            when due.due_at + cast(:latest_delay as interval) < :as_of
                then 'too_late'
            when reach.customer_id is null then 'unreachable'
            when reach.reason is not null then reach.reason
            when
                cast(:holdout as double precision) > 0
                and share('holdout' || :campaign || due.customer_id) < :holdout
                then 'control_group'
            when
                due.due_at + cast(:latest_delay as interval)
                < coalesce(zones.not_before, :as_of)
                then 'too_late'
        end as reason
    from due
    inner join customers on due.customer_id = customers.customer_id
    left join reach on due.customer_id = reach.customer_id
    left join zones on customers.timezone is not distinct from zones.given_zone
    where due.standing in ('new', 'again')
),

spent as (
    -- The marketing that these customers were promised within the cap's window.
    select
        touch.customer_id,
        count(*) as number,
        min(touch.not_before) as first_at
    from touch
    inner join campaign_runs
        on touch.campaign_run_id = campaign_runs.campaign_run_id
    where
        cast(:cap as integer) is not null
        and touch.decision = 'planned'
        and campaign_runs.purpose = 'marketing'
        and touch.not_before > :as_of - cast(:cap_window as interval)
        and touch.customer_id in (select due.customer_id from due)
    group by touch.customer_id
),

several as (
    -- Where nobody has two messages in a run, there is nothing to count.
    select
        customer_id,
        step,
        occasion,
        row_number() over (
            partition by customer_id order by position, occasion
        ) as number
    from judged
    where
        cast(:cap as integer) is not null
        and cast(:has_several as boolean)
        and reason is null
),

capped as (
    select
        judged.*,
        coalesce(spent.first_at, :as_of) + cast(:cap_window as interval) as free_at,
        coalesce(
            judged.reason is null
            and coalesce(spent.number, 0) + coalesce(several.number, 1)
            > cast(:cap as integer),
            false
        ) as is_over_cap
    from judged
    left join spent on judged.customer_id = spent.customer_id
    left join several
        on
            judged.customer_id = several.customer_id
            and judged.step = several.step
            and judged.occasion = several.occasion
),

named as (
    select
        capped.*,
        case
            when reason = 'control_group' then 'held_out'
            when reason is not null then 'skipped'
            when not is_over_cap then 'planned'
            when latest_at >= free_at then 'deferred'
            else 'skipped'
        end as decision
    from capped
)

select
    coalesce(known_id, nextval('touch_touch_id_seq')) as touch_id,
    known_id is not null as is_again,
    customer_id,
    occasion,
    step,
    position,
    decision,
    case when is_over_cap then 'frequency_cap' else reason end as reason,
    channel,
    account,
    address,
    identifier_id,
    language,
    zone,
    open_until,
    latest_at,
    case when decision = 'deferred' then free_at else not_before end as not_before,
    case when decision in ('planned', 'deferred') then params end as params
from (
    select * from named
    order by customer_id, position, occasion
) as in_order;

analyze decided;
