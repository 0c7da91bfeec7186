-- Who had a reason to be angry with us in the last 180 days?
-- A refund because of quality or service, or a review of one or two stars.
with complaints as (
    select
        customer_id,
        requested_at as complained_at,
        'refund' as value,
        refund_number as evidence
    from refunds
    where
        reason ~* '质量|破损|损坏|瑕疵|发错|漏发|味道|服务|broken|damaged|wrong|faulty|quality'
    union all
    select
        customer_id,
        reviewed_at as complained_at,
        'review' as value,
        review_number as evidence
    from reviews
    where rating <= 2
)

select distinct on (customer_id)
    customer_id,
    value,
    evidence,
    complained_at + interval '180 days' as expires_at
from complaints
where customer_id is not null
order by customer_id asc, complained_at desc, value asc, evidence asc
