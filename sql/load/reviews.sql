-- Write the reviews that are new or changed; how many records was that?

-- One row per review: the newest record of the batch.
create temp table review_version on commit drop as
select distinct on (staged.review_number)
    staged.review_number,
    staged.order_number,
    orders.order_id,
    staged.product_id,
    staged.rating,
    staged.body,
    staged.reviewed_at,
    coalesce(staged.updated_at, staged.reviewed_at) as updated_at,
    coalesce(person.identifier_id, orders.buyer_identifier_id) as identifier_id,
    coalesce(buyer.customer_id, orders.customer_id) as customer_id
from staged
left join person
    on
        person.described = row(
            staged.buyer_id, staged.phone, staged.email, staged.more_identifiers
        )::text
left join identifiers as buyer on person.identifier_id = buyer.identifier_id
left join orders
    on staged.order_number = orders.order_number and orders.source = :source
where staged.raw is not null
order by
    staged.review_number asc,
    coalesce(staged.updated_at, staged.reviewed_at) desc,
    staged.record_no desc;

analyze review_version;

create temp table written_review (review_number text) on commit drop;

with news as (
    select version.*
    from review_version as version
    left join reviews as stored
        on version.review_number = stored.review_number and stored.source = :source
    where
        stored.review_id is null
        or (
            version.updated_at >= stored.updated_at
            and (
                stored.order_number, stored.product_id, stored.rating, stored.body,
                stored.reviewed_at, stored.updated_at, stored.buyer_identifier_id
            ) is distinct from (
                version.order_number, version.product_id, version.rating,
                version.body, version.reviewed_at, version.updated_at,
                coalesce(version.identifier_id, stored.buyer_identifier_id)
            )
        )
),

written as (
    insert into reviews (
        source, review_number, order_number, order_id, product_id, rating, body,
        reviewed_at, updated_at, buyer_identifier_id, customer_id
    )
    select
        :source,
        review_number,
        order_number,
        order_id,
        product_id,
        rating,
        body,
        reviewed_at,
        updated_at,
        identifier_id,
        customer_id
    from news
    order by reviewed_at, review_number
    on conflict on constraint reviews_natural_key do update
        set
            order_number = excluded.order_number,
            order_id = excluded.order_id,
            product_id = excluded.product_id,
            rating = excluded.rating,
            body = excluded.body,
            reviewed_at = excluded.reviewed_at,
            updated_at = excluded.updated_at,
            buyer_identifier_id = coalesce(
                excluded.buyer_identifier_id, reviews.buyer_identifier_id
            ),
            customer_id = coalesce(excluded.customer_id, reviews.customer_id),
            loaded_at = now()
        where excluded.updated_at >= reviews.updated_at
    returning review_number
)

insert into written_review
select review_number
from written;

select
    (select count(*) from written_review) as loaded,
    (select count(*) from staged_record
    )
    - (select count(*) from written_review
    ) as unchanged;
