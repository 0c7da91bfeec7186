-- What is decided of each due message, and for which reason?
create temporary table decided on commit drop as
with recent as (
    -- The marketing that these customers were promised within the cap's window.
    select
        touch.customer_id,
        touch.not_before
    from touch
    inner join campaign_runs
        on touch.campaign_run_id = campaign_runs.campaign_run_id
    where
        cast(:cap as integer) is not null
        and touch.decision = 'planned'
        and campaign_runs.purpose = 'marketing'
        and touch.not_before > :as_of - cast(:cap_window as interval)
        and touch.customer_id in (select reach.customer_id from reach)
),

spent as (
    select
        customer_id,
        count(*) as number,
        min(not_before) as first_at
    from recent
    group by customer_id
),

zones as (
    -- One look at the clock per zone, not per customer.
    select
        given.zone as given_zone,
        known.zone,
        span.not_before,
        span.open_until
    from (
        select distinct customers.timezone as zone
        from customers
        inner join reach on customers.customer_id = reach.customer_id
    ) as given
    cross join
        lateral (
            select known_zone(given.zone, :zone) as zone
        ) as known
    left join lateral open_span(
        :as_of, known.zone, cast(:quiet_from as time), cast(:quiet_to as time)
    ) as span on cast(:quiet_from as time) is not null
),

judged as (
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
    inner join reach on due.customer_id = reach.customer_id
    inner join customers on due.customer_id = customers.customer_id
    left join zones on customers.timezone is not distinct from zones.given_zone
    where due.standing in ('new', 'again')
),

capped as (
    select
        judged.*,
        spent.first_at,
        judged.reason is null
        and coalesce(spent.number, 0) + count(*) filter (where judged.reason is null)
            over (
                partition by judged.customer_id
                order by judged.position, judged.occasion
            )
        > cast(:cap as integer) as is_over_cap
    from judged
    left join spent on judged.customer_id = spent.customer_id
),

named as (
    select
        capped.*,
        case
            when reason = 'control_group' then 'held_out'
            when reason is not null then 'skipped'
            when
                is_over_cap
                and latest_at >= coalesce(first_at, :as_of)
                + cast(:cap_window as interval)
                then 'deferred'
            when is_over_cap then 'skipped'
            else 'planned'
        end as decision
    from capped
)

select
    coalesce(
        known_id, nextval(pg_get_serial_sequence('touch', 'touch_id'))
    ) as touch_id,
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
    case
        when decision = 'deferred'
            then coalesce(first_at, :as_of) + cast(:cap_window as interval)
        else not_before
    end as not_before,
    case when decision in ('planned', 'deferred') then params end as params
from (
    select * from named
    order by customer_id, position, occasion
) as in_order;

analyze decided;
