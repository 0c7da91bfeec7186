-- By which address of which channel can each customer be reached, and may we?
-- Where a flag is false nothing is selected of a table: Postgres leaves out its join.
create temporary view reach as
with people as (
    select distinct customer_id
    from due
    where standing in ('new', 'again')
),

spoken as (
    -- Every address by every way, or one row of who has none.
    select
        customers.customer_id,
        customers.language,
        coalesce(customers.timezone, '') as timezone,
        address.identifier_id,
        address.value as address,
        way.way,
        way.position,
        way.channel,
        way.account,
        way.price,
        way.subject,
        (way.channel, address.value) in (
            select
                suppressions.channel,
                suppressions.address
            from suppressions
            where suppressions.released_at is null
        ) as is_suppressed,
        case
            when cast(:has_waiting as boolean)
                then coalesce(said_since.agreed_to, customers.agreed_to)
            else customers.agreed_to
        end as agreed_to,
        case
            when cast(:has_waiting as boolean)
                then coalesce(said_since.refused, customers.refused)
            else customers.refused
        end as refused,
        jsonb_array_length(way.windows) > 0
        and (way.way, address.identifier_id) not in (
            select
                conversation.way,
                conversation.identifier_id
            from conversation
        ) as is_closed,
        case when way.has_rivals then share(way.account, customers.customer_id) end
            as draw
    from customers
    left join people on customers.customer_id = people.customer_id
    left join said_since on customers.customer_id = said_since.customer_id
    left join (
        identifiers as address
        inner join way
            on
                address.kind = way.kind
                and (way.scope is null or address.scope = way.scope)
    ) on customers.customer_id = address.customer_id and not address.is_junk
    where cast(:is_broad as boolean) or people.customer_id is not null
    offset 0 -- noqa: AM09
),

addresses as (
    select
        spoken.*,
        case when cast(:has_choice as boolean) then habit.used_at end as used_at,
        'profiling' = any(spoken.refused) as is_unprofiled,
        not spoken.is_suppressed
        and case
            when :purpose = 'service' then spoken.subject != all(spoken.refused)
            else spoken.subject = any(spoken.agreed_to)
        end as is_allowed
    from spoken
    left join habit
        on
            spoken.customer_id = habit.customer_id
            and spoken.channel = habit.channel
)

select distinct on (customer_id)
    customer_id,
    language,
    timezone,
    identifier_id,
    way,
    channel,
    account,
    price,
    address,
    is_unprofiled,
    case
        when identifier_id is null then 'unreachable'
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
