-- By which address of which channel can each customer be reached, and may we?
create temporary table reach on commit drop as
with channels as (
    select *
    from unnest(
        cast(:channels as text[]), cast(:kinds as text[]),
        cast(:consent_names as text[])
    ) with ordinality as channel (channel, kind, consent_name, position)
),

accounts as (
    -- An account without a scope reaches every identifier of its channel's kind.
    select *
    from unnest(
        cast(:account_channels as text[]), cast(:accounts as text[]),
        cast(:scopes as text[])
    ) as account (channel, account, scope)
),

people as (
    select distinct customer_id
    from due
    where standing in ('new', 'again')
),

latest as (
    -- What each said last, by whichever of her identifiers.
    select distinct on (identifiers.customer_id, consents.channel)
        identifiers.customer_id,
        consents.channel,
        consents.is_granted
    from people
    inner join identifiers on people.customer_id = identifiers.customer_id
    inner join consents on identifiers.identifier_id = consents.identifier_id
    where consents.purpose = :purpose
    order by
        identifiers.customer_id asc, consents.channel asc,
        consents.decided_at desc, consents.consent_id desc
),

addresses as (
    select
        people.customer_id,
        channels.channel,
        channels.position,
        identifiers.identifier_id,
        identifiers.value as address,
        accounts.account,
        accounts.scope,
        suppressions.address is not null as is_suppressed,
        :purpose = 'service' or coalesce(latest.is_granted, false) as is_allowed,
        coalesce(latest.is_granted, true) as is_not_refused
    from people
    inner join identifiers
        on people.customer_id = identifiers.customer_id and not identifiers.is_junk
    inner join channels on identifiers.kind = channels.kind
    inner join accounts
        on
            channels.channel = accounts.channel
            and (accounts.scope is null or identifiers.scope = accounts.scope)
    left join suppressions
        on
            channels.channel = suppressions.channel
            and identifiers.value = suppressions.address
            and suppressions.released_at is null
    left join latest
        on
            people.customer_id = latest.customer_id
            and channels.consent_name = latest.channel
),

usable as (
    select distinct on (customer_id) *
    from addresses
    where not is_suppressed and is_allowed and is_not_refused
    -- The channels in order of preference, the newest address, a sticky account.
    order by
        customer_id asc, position asc, identifier_id desc,
        case when scope is null then share(account || customer_id) end asc
)

select
    people.customer_id,
    usable.channel,
    usable.account,
    usable.address,
    usable.identifier_id,
    case
        when usable.customer_id is not null then null
        when bool_or(addresses.is_suppressed) then 'suppressed'
        when count(addresses.customer_id) > 0 then 'no_consent'
        else 'unreachable'
    end as reason
from people
left join usable on people.customer_id = usable.customer_id
left join addresses
    on people.customer_id = addresses.customer_id and usable.customer_id is null
group by
    people.customer_id, usable.customer_id, usable.channel, usable.account,
    usable.address, usable.identifier_id;

analyze reach;
