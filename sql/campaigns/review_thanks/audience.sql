-- Who has just written a review? What they thought of it is none of our business here.
-- Several reviews of one order are one occasion: a gift is given once per order.
with reviewed as (
    select
        reviews.customer_id,
        coalesce('order ' || reviews.order_id, 'review ' || reviews.review_id)
            as occasion,
        min(reviews.reviewed_at) as reviewed_at,
        max(reviews.order_id) as order_id,
        bool_or(reviews.source ~* :marketplaces) as is_on_a_marketplace
    from reviews
    where
        reviews.customer_id is not null
        -- Older ones are no news; this keeps the list short.
        and reviews.reviewed_at > :as_of - interval '30 days'
    group by
        reviews.customer_id,
        coalesce('order ' || reviews.order_id, 'review ' || reviews.review_id)
)

select
    reviewed.customer_id,
    reviewed.occasion,
    reviewed.reviewed_at as anchor_at,

    reviewed.reviewed_at <= :as_of as was_written,
    reviewed.reviewed_at > :as_of - :fresh as was_written_recently,
    not reviewed.is_on_a_marketplace as was_in_our_own_shop,
    not exists (
        select 1
        from reviewed as others
        where
            others.customer_id = reviewed.customer_id
            and (others.reviewed_at, others.occasion)
            > (reviewed.reviewed_at, reviewed.occasion)
    ) as is_their_latest,
    facts.open_refunds = 0 as has_no_open_refund,

    facts.name,
    -- The link of the code that lay in this parcel: whoever opens it is its buyer.
    (
        select min(codes.url)
        from codes
        where codes.order_id = reviewed.order_id
    ) as link
from reviewed
inner join customer_facts as facts on reviewed.customer_id = facts.customer_id
