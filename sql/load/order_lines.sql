-- Which lines do the orders with news have now, under which keys?

create temp table line_version on commit drop as
select
    order_number,
    order_id,
    is_partial,
    is_stale,
    product_id,
    product_title,
    category,
    variant,
    quantity,
    unit_price,
    amount,
    -- The platform's line id, else the content; equal lines are counted through.
    hashint8extended(
        base,
        known_before
        + row_number() over (
            partition by order_number, base order by record_no, product_title
        )
    ) as line_key
from (
    select
        change.order_number,
        change.order_id,
        change.is_partial,
        change.is_stale,
        line.record_no,
        line.product_id,
        line.product_title,
        line.category,
        line.variant,
        line.quantity,
        line.unit_price,
        line.amount,
        case
            when line.line_id is not null then hashtextextended(line.line_id, 1)
            else hash_record_extended(
                (
                    coalesce(line.product_id, line.product_title),
                    line.variant, line.quantity, line.unit_price
                ), 0
            )
        end as base,
        -- A line that is replayed alone comes after the equal ones that are there.
        case
            when :is_appending
                then (
                    select count(*) from order_lines as stored
                    where
                        stored.order_id = change.order_id
                        and coalesce(stored.product_id, stored.product_title)
                        = coalesce(line.product_id, line.product_title)
                        and stored.variant is not distinct from line.variant
                        and stored.quantity = line.quantity
                        and stored.unit_price = line.unit_price
                        and line.line_id is null
                )
            else 0
        end as known_before
    from staged_line as line
    inner join order_change as change
        on line.order_number = change.order_number
    where
        change.has_news_of_lines and (change.is_partial or not change.is_stale)
) as based;

-- An older version says nothing about a line that is known already.
delete from line_version
using order_lines as stored
where
    line_version.is_stale
    and stored.order_id = line_version.order_id
    and stored.line_key = line_version.line_key;

analyze line_version;

-- What an order costs of which only a part is here: with the lines that stay.
update order_change
set
    amount = (
        select coalesce(sum(here.amount), 0) from line_version as here
        where here.order_number = order_change.order_number
    ) + (
        select coalesce(sum(stored.amount), 0) from order_lines as stored
        where
            stored.order_id = order_change.order_id
            and not exists (
                select from line_version as here
                where
                    here.order_id = stored.order_id
                    and here.line_key = stored.line_key
            )
    )
where is_partial and order_id is not null and order_amount is null;
