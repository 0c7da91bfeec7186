-- What is decided of each due message, and for which reason? The first one counts.
-- Each fence (offset 0) keeps what stands before it from being worked out many times.
-- Where a flag is false nothing is selected of a table: Postgres leaves out its join.
create unique index on exited (customer_id, occasion, step);

create temporary view judged as
with placed as not materialized (
    select
        due.*,
        reach.language,
        due.due_at + cast(:latest_delay as interval) as latest_at,
        coalesce(span.not_before, :as_of) as opens_at,
        span.zone,
        reach.channel,
        reach.account,
        reach.price,
        reach.identifier_id,
        reach.address,
        case when cast(:has_windows as boolean) then conversation.closes_at end
            as closes_at,
        case
            when due.due_at + cast(:latest_delay as interval) < :as_of
                then 'too_late'
            when cast(:has_exits as boolean) and exited.reason is not null
                then exited.reason
            when reach.customer_id is null then 'unreachable'
            when reach.reason is not null then reach.reason
            when cast(:profiling as boolean) and reach.is_unprofiled
                then 'no_profiling'
            when
                cast(:global_holdout as double precision) > 0
                and share('holdout', due.customer_id) < :global_holdout
                then 'global_control_group'
            when
                cast(:holdout as double precision) > 0
                and share('holdout ' || :campaign, due.customer_id) < :holdout
                then 'control_group'
        end as first_reason
    from due
    left join reach on due.customer_id = reach.customer_id
    left join span on reach.timezone = span.given_zone
    left join exited
        on
            due.customer_id = exited.customer_id
            and due.occasion = exited.occasion
            and due.step = exited.step
    left join conversation
        on
            reach.way = conversation.way
            and reach.identifier_id = conversation.identifier_id
    where due.standing in ('new', 'again')
    -- So it comes out of the joins, and so those that follow want it.
    order by due.customer_id
    offset 0
),

named as (
    select
        placed.*,
        pressure.free_at,
        pressure.shown as cap,
        taken_day.campaign as rival,
        case
            when placed.first_reason is not null then placed.first_reason
            when
                -- Which of her messages it is, of those that might go.
                case
                    when cast(:has_several as boolean)
                        then row_number() over (
                            partition by
                                placed.customer_id, placed.first_reason is null
                            order by placed.position, placed.occasion
                        )
                    else 1
                end > pressure.room
                then 'frequency_cap'
            when taken_day.campaign is not null then 'priority'
            when placed.latest_at < placed.opens_at then 'too_late'
            when placed.closes_at < placed.opens_at then 'no_window'
        end as reason
    from placed
    -- Asked so, the channel is no key to merge by, for which all would be sorted anew.
    left join pressure
        on
            placed.customer_id = pressure.customer_id
            and (placed.channel = pressure.channel) is true
    left join taken_day
        on
            placed.customer_id = taken_day.customer_id
            and cast(placed.opens_at at time zone :zone as date) = taken_day.day
    offset 0 -- noqa: AM09
),

postponed as (
    select
        named.*,
        case reason
            when 'frequency_cap' then free_at
            when 'priority'
                then
                    cast(
                        cast(opens_at at time zone :zone as date) + 1 as timestamp
                    ) at time zone :zone
            when 'no_window' then :as_of
        end as later
    from named
)

select
    postponed.customer_id,
    postponed.occasion,
    postponed.step,
    postponed.position,
    postponed.known_id,
    postponed.language,
    postponed.zone,
    postponed.identifier_id,
    postponed.address,
    case
        when reason is null then least(latest_at, closes_at) else latest_at
    end as latest_at,
    postponed.channel,
    postponed.account,
    postponed.price,
    cast(null as text) as reward,
    postponed.reason,
    case
        when reason is null then 'planned'
        when reason in ('control_group', 'global_control_group') then 'held_out'
        when later <= latest_at then 'deferred'
        else 'skipped'
    end as decision,
    case reason
        when 'frequency_cap' then cap
        when 'priority' then rival
    end as detail,
    case
        when reason is null then opens_at
        when later <= latest_at then later
    end as not_before,
    case when reason is null then params end as params
from postponed;
