-- Which code is there by this name, for this parcel, of this referrer?
select
    codes.*,
    orders.order_number
from codes
left join orders on codes.order_id = orders.order_id
where
    codes.code = :code
    or (
        codes.source is not distinct from cast(:source as text)
        and (
            codes.order_id = cast(:order_id as bigint)
            or codes.referrer_identifier_id
            = cast(:referrer_identifier_id as bigint)
        )
    )
