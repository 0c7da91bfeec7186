-- Which lines repeat an earlier record of their order exactly?
with line as (
    select
        record_no,
        place,
        order_number,
        repeat_of,
        hash_record_extended(
            (
                status, ordered_at, currency, buyer_id, phone, email, line_id,
                product_id, product_title, category, variant, quantity, unit_price,
                line_amount
            ), 0
        ) as digest
    from checked
    where order_number is not null
),

repeated as (
    select
        order_number,
        digest,
        min(record_no) as first_no
    from line
    group by order_number, digest
    having min(record_no) < max(record_no)
),

mark as (
    select distinct on (line.record_no)
        line.record_no,
        coalesce(original.place, 'record ' || repeated.first_no) as repeat_of
    from repeated
    inner join line
        on
            repeated.order_number = line.order_number
            and repeated.digest = line.digest
            and repeated.first_no < line.record_no
    inner join line as original on repeated.first_no = original.record_no
)

update checked
set repeat_of = mark.repeat_of
from mark
where
    checked.record_no = mark.record_no
    and checked.raw is not null
    and checked.repeat_of is distinct from mark.repeat_of;
