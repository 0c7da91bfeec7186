-- Write the orders and lines that changed; how many records was that?

create temp table written_order (order_id bigint, order_number text) on commit drop;

with written as (
    insert into orders (
        source, order_number, status, ordered_at, paid_at, shipped_at, finished_at,
        updated_at, currency, amount, buyer_identifier_id, customer_id, lines_digest
    )
    select
        :source,
        change.order_number,
        change.status,
        change.ordered_at,
        change.paid_at,
        change.shipped_at,
        change.finished_at,
        change.updated_at,
        change.currency,
        change.amount,
        change.identifier_id,
        buyer.customer_id,
        case when not change.is_partial then change.digest end as lines_digest
    from order_change as change
    left join identifiers as buyer on change.identifier_id = buyer.identifier_id
    where change.order_id is null
    order by change.ordered_at, change.order_number
    returning order_id, order_number
)

insert into written_order
select
    order_id,
    order_number
from written;

analyze written_order;

create temp table written_line (order_id bigint) on commit drop;

with gone as (
    delete from order_lines as stored
    using order_change as change
    where
        stored.order_id = change.order_id
        and change.has_news_of_lines
        and not change.is_partial
        and not change.is_stale
        and not exists (
            select from line_version as here
            where
                here.order_id = stored.order_id
                and here.line_key = stored.line_key
        )
    returning stored.order_id
)

insert into written_line
select order_id from gone;

-- Lines of new orders meet nothing; those of known ones are compared first, since
-- ON CONFLICT locks and logs every row it meets, also where nothing changes.
insert into order_lines (
    order_id, line_key, product_id, product_title, category, variant, quantity,
    unit_price, amount
)
select
    written_order.order_id,
    here.line_key,
    here.product_id,
    here.product_title,
    here.category,
    here.variant,
    here.quantity,
    here.unit_price,
    here.amount
from line_version as here
inner join written_order on here.order_number = written_order.order_number
order by written_order.order_id, here.line_key;

with news as (
    select here.*
    from line_version as here
    inner join order_change as change on here.order_id = change.order_id
    left join order_lines as stored
        on here.order_id = stored.order_id and here.line_key = stored.line_key
    where
        stored.order_id is null
        or (
            stored.product_id, stored.product_title, stored.category, stored.variant,
            stored.quantity, stored.unit_price, stored.amount
        ) is distinct from (
            here.product_id, here.product_title, here.category, here.variant,
            here.quantity, here.unit_price, here.amount
        )
),

written as (
    insert into order_lines (
        order_id, line_key, product_id, product_title, category, variant, quantity,
        unit_price, amount
    )
    select
        order_id,
        line_key,
        product_id,
        product_title,
        category,
        variant,
        quantity,
        unit_price,
        amount
    from news
    on conflict (order_id, line_key) do update
        set
            product_id = excluded.product_id,
            product_title = excluded.product_title,
            category = excluded.category,
            variant = excluded.variant,
            quantity = excluded.quantity,
            unit_price = excluded.unit_price,
            amount = excluded.amount
    returning order_id
)

insert into written_line
select order_id from written;
