-- By which channel has each customer answered, clicked or ordered lately?
-- Whom this run may write to comes first: a few among millions are looked up one by
-- one, and not everybody who ever did something.
create temporary table addressed on commit drop as
select distinct customer_id
from due
where cast(:has_choice as boolean) and standing in ('new', 'again');

analyze addressed;

create temporary table habit on commit drop as
with merged as (
    select
        customer_id,
        merged_into
    from customers
    where merged_into is not null
),

used as (
    -- What staff noted as her own wish counts before everything that she did.
    select
        addressed.customer_id,
        tags.value as channel,
        cast('infinity' as timestamptz) as used_at
    from addressed
    inner join tags on addressed.customer_id = tags.customer_id
    where
        tags.tag = 'prefers_channel'
        and (tags.expires_at is null or tags.expires_at > :as_of)
    union all
    select
        addressed.customer_id,
        touch.channel,
        outcome.happened_at as used_at
    from outcome
    inner join touch on outcome.touch_id = touch.touch_id
    left join merged on touch.customer_id = merged.customer_id
    inner join addressed
        on coalesce(merged.merged_into, touch.customer_id) = addressed.customer_id
    where
        outcome.outcome in ('clicked', 'replied')
        and outcome.happened_at > :as_of - interval '90 days'
        and outcome.happened_at <= :as_of
    union all
    select
        addressed.customer_id,
        way.channel,
        interactions.happened_at as used_at
    from addressed
    inner join interactions on addressed.customer_id = interactions.customer_id
    inner join identifiers on interactions.identifier_id = identifiers.identifier_id
    inner join way
        on
            identifiers.kind = way.kind
            and (way.scope is null or identifiers.scope = way.scope)
    where
        interactions.kind != 'unfollow'
        and interactions.happened_at > :as_of - interval '90 days'
        and interactions.happened_at <= :as_of
    union all
    select
        addressed.customer_id,
        way.channel,
        orders.ordered_at as used_at
    from addressed
    inner join orders on addressed.customer_id = orders.customer_id
    inner join identifiers on orders.buyer_identifier_id = identifiers.identifier_id
    inner join way
        on
            identifiers.kind = way.kind
            and (way.scope is null or identifiers.scope = way.scope)
    where
        orders.ordered_at > :as_of - interval '90 days'
        and orders.ordered_at <= :as_of
)

select
    customer_id,
    channel,
    max(used_at) as used_at
from used
where cast(:has_choice as boolean)
group by customer_id, channel;

create unique index on habit (customer_id, channel);

analyze habit;
