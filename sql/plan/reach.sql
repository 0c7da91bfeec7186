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
    select
        channel,
        account,
        scope,
        scope is null and count(*) over (partition by channel) > 1 as has_rivals
    from unnest(
        cast(:account_channels as text[]), cast(:accounts as text[]),
        cast(:scopes as text[])
    ) as account (channel, account, scope)
),

people as (
    select customer_id
    from due
    where standing in ('new', 'again')
),

latest as (
    -- What each said last, by whichever of her identifiers; a tie is a refusal.
    select
        identifiers.customer_id,
        consents.channel,
        coalesce(
            max(consents.decided_at) filter (where consents.is_granted)
            > max(consents.decided_at) filter (where not consents.is_granted),
            bool_and(consents.is_granted)
        ) as is_granted
    from consents
    inner join identifiers on consents.identifier_id = identifiers.identifier_id
    where
        consents.purpose = :purpose
        and consents.channel = any(cast(:consent_names as text[]))
        and identifiers.customer_id in (select people.customer_id from people)
    group by identifiers.customer_id, consents.channel
),

addresses as (
    select
        identifiers.customer_id,
        channels.channel,
        channels.position,
        identifiers.identifier_id,
        identifiers.value as address,
        accounts.account,
        suppressions.address is not null as is_suppressed,
        suppressions.address is null
        and coalesce(latest.is_granted, :purpose = 'service') as is_usable,
        case
            when accounts.has_rivals
                then share(accounts.account || identifiers.customer_id)
        end as draw
    from identifiers
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
            identifiers.customer_id = latest.customer_id
            and channels.consent_name = latest.channel
    where
        not identifiers.is_junk
        and identifiers.customer_id in (select people.customer_id from people)
)

select distinct on (customer_id)
    customer_id,
    channel,
    account,
    address,
    identifier_id,
    case
        when is_usable then null
        when is_suppressed then 'suppressed'
        else 'no_consent'
    end as reason
from addresses
-- A way that is open, else the reason that counts most; of several open ways the
-- preferred channel, the newest address, an account that stays the same.
order by
    customer_id asc, is_usable desc, is_suppressed desc, position asc,
    identifier_id desc, draw asc;

analyze reach;
