-- By which address of which channel can each customer be reached, and may we?
create temporary view reach as
with people as (
    select distinct customer_id
    from due
    where standing in ('new', 'again')
),

spoken as (
    -- What each said last, by whichever of her identifiers.
    select
        identifiers.customer_id,
        identifiers.identifier_id,
        identifiers.value as address,
        way.way,
        way.position,
        way.channel,
        way.account,
        way.price,
        (way.channel, identifiers.value) in (
            select
                suppressions.channel,
                suppressions.address
            from suppressions
            where suppressions.released_at is null
        ) as is_suppressed,
        max(consents.decided_at) filter (where consents.is_granted)
            over hers as granted_at,
        max(consents.decided_at) filter (where not consents.is_granted)
            over hers as refused_at,
        identifiers.kind = way.kind
        and (way.scope is null or identifiers.scope = way.scope)
        and not identifiers.is_junk as is_address,
        jsonb_array_length(way.windows) > 0
        and (way.way, identifiers.identifier_id) not in (
            select
                conversation.way,
                conversation.identifier_id
            from conversation
        ) as is_closed,
        case
            when way.has_rivals then share(way.account, identifiers.customer_id)
        end as draw
    from people
    inner join identifiers on people.customer_id = identifiers.customer_id
    cross join way
    left join consents
        on
            identifiers.identifier_id = consents.identifier_id
            and way.consent_name = consents.channel
            and consents.purpose = :purpose
    window hers as (partition by identifiers.customer_id, way.way)
),

addresses as (
    select
        spoken.*,
        habit.used_at,
        not is_suppressed
        -- A grant and a refusal at the same moment are a refusal.
        and case
            when refused_at is null
                then granted_at is not null or :purpose = 'service'
            else coalesce(granted_at > refused_at, false)
        end as is_allowed
    from spoken
    left join habit
        on
            cast(:has_choice as boolean)
            and spoken.customer_id = habit.customer_id
            and spoken.channel = habit.channel
    where is_address
)

select distinct on (customer_id)
    customer_id,
    identifier_id,
    way,
    channel,
    account,
    price,
    address,
    case
        when is_suppressed then 'suppressed'
        when not is_allowed then 'no_consent'
        when is_closed then 'no_window'
    end as reason
from addresses
-- A way that is open, or that may open, else the reason that counts most. Of several
-- open ways the one she uses, the preferred one, the newest address, and an account
-- that stays the same.
order by
    customer_id asc, is_allowed desc, is_closed asc, is_suppressed desc,
    used_at desc nulls last, position asc, identifier_id desc, draw asc;
