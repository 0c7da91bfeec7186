-- Who is so fond of us that they might tell a friend?
with fond as (
    select distinct segment_members.customer_id
    from segment_members
    where
        segment_members.segment in ('vip', 'loyal')
        and segment_members.left_at is null
),

own as (
    -- The newest code that is theirs and still good; came_by knows whom it brings.
    select distinct on (identifiers.customer_id)
        identifiers.customer_id,
        codes.code,
        codes.url
    from codes
    inner join identifiers
        on codes.referrer_identifier_id = identifiers.identifier_id
    where codes.ends_at is null or codes.ends_at > :as_of
    order by
        identifiers.customer_id asc, codes.created_at desc, codes.code asc
)

select
    facts.customer_id,
    :round as occasion,

    facts.last_order_at > :as_of - :lately as bought_lately,
    facts.open_refunds = 0 as has_no_open_refund,
    facts.refunds_count <= facts.orders_count / 4 as sends_little_back,
    not exists (
        select 1
        from tags
        where tags.customer_id = facts.customer_id and tags.tag = 'complained'
    ) as has_no_complaint,

    own.code is not null as has_a_code_to_pass_on,

    facts.name,
    own.code,
    coalesce(own.url, :friend_url || '?c=' || own.code) as link
from fond
inner join customer_facts as facts on fond.customer_id = facts.customer_id
left join own on fond.customer_id = own.customer_id
