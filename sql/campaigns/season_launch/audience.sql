-- Which old customers will like the new season, and who of them sees it first?
with standing as (
    select
        segment_members.customer_id,
        min(
            case
                when segment_members.segment in ('vip', 'loyal') then 1
                when segment_members.segment = 'active' then 2
                else 3
            end
        ) as wave,
        bool_or(segment_members.segment = 'lost') as is_lost
    from segment_members
    where segment_members.left_at is null
    group by segment_members.customer_id
),

known as (
    -- What the tags say they like; a size is a tag of the same name.
    select
        tags.customer_id,
        bool_or(tags.value ~* :tastes) as likes_such_things,
        min(tags.value) filter (
            where tags.tag = 'size_or_taste' and tags.value ~ '^([2X]*[SML]|均码)$'
        ) as size
    from tags
    where tags.tag in ('size_or_taste', 'last_category')
    group by tags.customer_id
)

select
    facts.customer_id,
    :season as occasion,
    -- The day of their wave, by their own clock.
    (
        cast(:begins as timestamp)
        + (coalesce(standing.wave, 3) - 1) * :between_waves
    ) at time zone known_zone(facts.timezone, 'Asia/Shanghai') as anchor_at,

    facts.orders_count > 0 as bought_before,
    not coalesce(standing.is_lost, false) as is_not_lost,
    coalesce(known.likes_such_things, false) as likes_such_things,
    coalesce(known.size ~ ('^(' || :sizes || ')$'), true) as fits_a_size_we_make,
    facts.open_refunds = 0 as has_no_open_refund,

    facts.name,
    coalesce(standing.wave, 3) as wave,
    known.size,
    -- Theirs alone: says who liked it, and what it is about.
    touch_key('season_launch', 'like', :season, facts.customer_id) as code
from customer_facts as facts
left join standing on facts.customer_id = standing.customer_id
left join known on facts.customer_id = known.customer_id
where facts.first_order_at < :as_of - interval '30 days'
