-- Who has just written a review? What they thought of it is none of our business here.
select
    reviews.customer_id,
    reviews.review_id as occasion,
    reviews.reviewed_at as anchor_at,

    reviews.reviewed_at <= :as_of as was_written,
    reviews.reviewed_at > :as_of - :fresh as was_written_recently,
    not exists (
        select 1
        from reviews as others
        where
            others.customer_id = reviews.customer_id
            and (others.reviewed_at, others.review_id)
            > (reviews.reviewed_at, reviews.review_id)
    ) as is_their_latest_review,
    facts.open_refunds = 0 as has_no_open_refund,
    facts.has_email as has_an_address,

    facts.name
from reviews
inner join customer_facts as facts on reviews.customer_id = facts.customer_id
where reviews.reviewed_at > :as_of - interval '30 days'
