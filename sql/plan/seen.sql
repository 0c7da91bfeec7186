-- What does each policy see of the one customer who is asked about?
with asked_for as (
    select distinct
        due.customer_id,
        customers.timezone
    from due
    left join customers on due.customer_id = customers.customer_id
),

ways as (
    select
        identifiers.customer_id,
        way.channel,
        way.account,
        suppressions.reason as suppressed_because,
        (
            select consents.is_granted
            from consents
            inner join identifiers as hers
                on consents.identifier_id = hers.identifier_id
            where
                hers.customer_id = identifiers.customer_id
                and consents.channel = way.consent_name
                and consents.purpose = :purpose
            order by consents.decided_at desc, consents.is_granted asc
            limit 1
        ) as is_granted,
        habit.used_at,
        jsonb_array_length(way.windows) > 0 as needs_conversation,
        conversation.identifier_id is not null as has_conversation
    from asked_for
    inner join identifiers on asked_for.customer_id = identifiers.customer_id
    inner join way
        on
            identifiers.kind = way.kind
            and (way.scope is null or identifiers.scope = way.scope)
    left join suppressions
        on
            way.channel = suppressions.channel
            and identifiers.value = suppressions.address
            and suppressions.released_at is null
    left join habit
        on
            identifiers.customer_id = habit.customer_id
            and way.channel = habit.channel
    left join conversation
        on
            identifiers.identifier_id = conversation.identifier_id
            and way.way = conversation.way
    where not identifiers.is_junk
)

select
    asked_for.customer_id,
    share('holdout', asked_for.customer_id) as shop_share,
    share('holdout ' || :campaign, asked_for.customer_id) as own_share,
    (
        select coalesce(jsonb_agg(to_jsonb(ways) order by ways.channel), '[]')
        from ways
    ) as ways,
    (
        select consents.is_granted
        from consents
        inner join identifiers as hers
            on consents.identifier_id = hers.identifier_id
        where
            hers.customer_id = asked_for.customer_id
            and consents.purpose = 'profiling'
        order by consents.decided_at desc, consents.is_granted asc
        limit 1
    ) as may_be_profiled,
    (
        select
            coalesce(jsonb_agg(distinct jsonb_build_object(
                'cap', cap_room.shown, 'room', cap_room.room, 'of', cap_room.messages
            )), '[]')
        from cap_room
    ) as caps,
    (
        select jsonb_agg(to_jsonb(taken_day) order by taken_day.day)
        from taken_day
    ) as days,
    span.zone,
    span.not_before,
    span.open_until
from asked_for
left join span on coalesce(asked_for.timezone, '') = span.given_zone;
