-- Who has had as much as the caps allow, and whose day belongs to another campaign?

-- What became of a message is looked up only for those who come near a limit. How many
-- they are cannot be foreseen: no list may be walked through once for each of another.
set local enable_nestloop = off;

create temporary table received on commit drop as
with caps as (
    select *
    from unnest(
        cast(:cap_messages as integer[]), cast(:cap_windows as interval[]),
        cast(:cap_channels as text[]), cast(:cap_classes as text[])
    ) with ordinality as cap (messages, span, channel, frequency, number)
),

had as (
    -- How many at most can count against her, and does one of another campaign go out
    -- on this day or the next, or still may?
    select
        customer_id,
        count(*) as messages,
        bool_or(
            campaign != :campaign
            and (not_before > :as_of - interval '1 day' or latest_at >= :as_of)
        ) as has_rival
    from promised
    group by customer_id
),

wanting as (
    -- At a launch to many nobody asks who of those who had some is in the audience.
    select
        had.customer_id,
        way.channel,
        1 as messages,
        had.messages as had,
        had.has_rival
    from had
    cross join (select distinct way.channel from way) as way
    where cast(:is_for_all as boolean)
    union all
    select
        due.customer_id,
        way.channel,
        count(*) as messages,
        coalesce(had.messages, 0) as had,
        coalesce(had.has_rival, false) as has_rival
    from due
    cross join (select distinct way.channel from way) as way
    left join had on due.customer_id = had.customer_id
    where
        not cast(:is_for_all as boolean)
        and due.standing in ('new', 'again')
        and (
            cast(:has_several as boolean)
            or cast(:is_asked as boolean)
            or had.customer_id is not null
        )
        and :purpose = 'marketing'
    group by due.customer_id, way.channel, had.messages, had.has_rival
),

near as (
    -- Who might come to a limit, if all that was promised was sent?
    select distinct
        near_one.customer_id,
        near_one.channel
    from (
        select
            wanting.customer_id,
            wanting.channel
        from wanting
        cross join caps
        left join promised
            on
                wanting.customer_id = promised.customer_id
                and (caps.channel is null or caps.channel = promised.channel)
                and (caps.frequency is null or caps.frequency = promised.frequency)
        where
            not (wanting.has_rival or cast(:is_asked as boolean))
            and (caps.channel is null or caps.channel = wanting.channel)
            and wanting.had + wanting.messages > caps.messages
        group by
            wanting.customer_id, wanting.channel, wanting.messages, caps.number,
            caps.messages
        having count(promised.touch_id) + wanting.messages > caps.messages
    ) as near_one
),

crowded as (
    select wanting.*
    from wanting
    where wanting.has_rival or cast(:is_asked as boolean)
    union all
    select wanting.*
    from near
    inner join wanting
        on near.customer_id = wanting.customer_id and near.channel = wanting.channel
),

met as materialized (
    select
        crowded.customer_id,
        crowded.channel as wanted_channel,
        crowded.messages as wanted,
        crowded.had,
        promised.touch_id,
        promised.channel,
        promised.campaign,
        promised.frequency,
        promised.priority,
        promised.not_before
    from crowded
    left join promised on crowded.customer_id = promised.customer_id
),

fate as (
    -- By one list, which one walk through the index answers.
    select
        touch_id,
        min(happened_at) filter (
            where outcome in ('accepted', 'delivered')
        ) as accepted_at,
        bool_or(outcome = 'skipped')
        or count(*) filter (where outcome in ('failed', 'dead'))
        > count(*) filter (where outcome = 'released') as is_over
    from outcome
    where touch_id = any(array(select met.touch_id from met))
    group by touch_id
)

select
    met.customer_id,
    met.wanted_channel,
    met.wanted,
    met.had,
    met.channel,
    met.campaign,
    met.frequency,
    met.priority,
    -- When it went out; what is still on its way may go at any time from now on.
    case
        when met.touch_id is null then null
        when fate.accepted_at is not null then fate.accepted_at
        when not coalesce(fate.is_over, false) then greatest(met.not_before, :as_of)
    end as happens_at
from met
left join fate on met.touch_id = fate.touch_id;

set local enable_nestloop = on;

analyze received;

create temporary table cap_room on commit drop as
with caps as (
    select *
    from unnest(
        cast(:cap_messages as integer[]), cast(:cap_windows as interval[]),
        cast(:cap_channels as text[]), cast(:cap_classes as text[]),
        cast(:cap_names as text[])
    ) with ordinality as cap (messages, span, channel, frequency, shown, number)
)

select
    received.customer_id,
    received.wanted_channel,
    received.wanted,
    caps.number,
    caps.shown,
    caps.messages,
    caps.messages - count(received.happens_at) filter (
        where
        received.happens_at > :as_of - caps.span
        and (caps.channel is null or caps.channel = received.channel)
        and (caps.frequency is null or caps.frequency = received.frequency)
    ) as room,
    coalesce(
        min(received.happens_at) filter (
            where
            received.happens_at > :as_of - caps.span
            and (caps.channel is null or caps.channel = received.channel)
            and (caps.frequency is null or caps.frequency = received.frequency)
        ),
        :as_of
    ) + caps.span as free_at
from received
cross join caps
where
    (caps.channel is null or caps.channel = received.wanted_channel)
    and (
        cast(:is_asked as boolean) or received.had + received.wanted > caps.messages
    )
group by
    received.customer_id, received.wanted_channel, received.wanted, caps.number,
    caps.shown, caps.messages, caps.span;

create temporary table pressure on commit drop as
select distinct on (customer_id, wanted_channel)
    customer_id,
    wanted_channel as channel,
    room,
    shown,
    max(free_at) over (partition by customer_id, wanted_channel) as free_at
from cap_room
where room < wanted
order by customer_id asc, wanted_channel asc, room asc, free_at desc;

create temporary table taken_day on commit drop as
select distinct on (customer_id, day)
    received.customer_id,
    cast(received.happens_at at time zone :zone as date) as day,
    received.campaign
from received
where received.happens_at is not null and received.campaign != :campaign
order by customer_id asc, day asc, received.priority desc, received.happens_at asc;

analyze pressure;
analyze taken_day;
