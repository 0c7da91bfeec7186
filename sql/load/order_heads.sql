-- Bring the heads of known orders up to date; how many records changed anything?

create temp table changed_order on commit drop as
select distinct order_id
from written_line
union
select order_id
from written_order;

-- An older version keeps the head as it is; a known buyer is never unlearned.
create temp table head on commit drop as
select
    change.order_id,
    case when change.is_stale then stored.status else change.status end as status,
    case
        when change.is_partial then least(stored.ordered_at, change.ordered_at)
        else change.ordered_at
    end as ordered_at,
    case when change.is_stale then stored.paid_at else change.paid_at end as paid_at,
    case when change.is_stale then stored.shipped_at else change.shipped_at end
        as shipped_at,
    case when change.is_stale then stored.finished_at else change.finished_at end
        as finished_at,
    greatest(stored.updated_at, change.updated_at) as updated_at,
    case when change.is_stale then stored.currency else change.currency end
        as currency,
    case
        when change.is_stale and change.order_amount is not null then stored.amount
        else change.amount
    end as amount,
    case
        when change.is_stale
            then coalesce(stored.buyer_identifier_id, change.identifier_id)
        else coalesce(change.identifier_id, stored.buyer_identifier_id)
    end as identifier_id,
    case
        when not change.is_partial then change.digest
        when change.order_id not in (select order_id from written_line)
            then stored.lines_digest
    end as lines_digest
from order_change as change
inner join orders as stored on change.order_id = stored.order_id
where not change.is_known;

analyze head;

with written as (
    update orders as stored
    set
        status = head.status,
        ordered_at = head.ordered_at,
        paid_at = head.paid_at,
        shipped_at = head.shipped_at,
        finished_at = head.finished_at,
        updated_at = head.updated_at,
        currency = head.currency,
        amount = head.amount,
        buyer_identifier_id = head.identifier_id,
        customer_id = coalesce(buyer.customer_id, stored.customer_id),
        lines_digest = head.lines_digest,
        loaded_at = now()
    from head
    left join identifiers as buyer on head.identifier_id = buyer.identifier_id
    where
        stored.order_id = head.order_id
        and (
            stored.status, stored.ordered_at, stored.paid_at, stored.shipped_at,
            stored.finished_at, stored.updated_at, stored.currency, stored.amount,
            stored.buyer_identifier_id
        ) is distinct from (
            head.status, head.ordered_at, head.paid_at, head.shipped_at,
            head.finished_at, head.updated_at, head.currency, head.amount,
            head.identifier_id
        )
    returning stored.order_id
)

insert into changed_order
select order_id from written
except
select order_id from changed_order;

-- The digest alone may be news to us, not to anybody else.
update orders as stored
set lines_digest = head.lines_digest
from head
where
    stored.order_id = head.order_id
    and stored.lines_digest is distinct from head.lines_digest;

-- Refunds and reviews that came before their order.
update refunds
set
    order_id = orders.order_id,
    buyer_identifier_id = coalesce(
        refunds.buyer_identifier_id, orders.buyer_identifier_id
    ),
    customer_id = coalesce(refunds.customer_id, orders.customer_id)
from written_order
inner join orders on written_order.order_id = orders.order_id
where
    refunds.source = orders.source
    and refunds.order_number = orders.order_number
    and refunds.order_id is null;

update reviews
set
    order_id = orders.order_id,
    buyer_identifier_id = coalesce(
        reviews.buyer_identifier_id, orders.buyer_identifier_id
    ),
    customer_id = coalesce(reviews.customer_id, orders.customer_id)
from written_order
inner join orders on written_order.order_id = orders.order_id
where
    reviews.source = orders.source
    and reviews.order_number = orders.order_number
    and reviews.order_id is null;

-- A trigger touches the customers that orders have now; this, those they had before.
insert into touched_customers (customer_id)
select order_change.customer_id
from order_change
inner join orders on order_change.order_id = orders.order_id
where
    not order_change.is_known
    and order_change.customer_id <> orders.customer_id;

analyze changed_order;

select
    coalesce(sum(order_change.records) filter (
        where changed_order.order_id is not null
    ), 0) as loaded,
    coalesce(sum(order_change.records) filter (
        where changed_order.order_id is null
    ), 0) + (select count(*) from outdated) as unchanged
from order_change
left join written_order on order_change.order_number = written_order.order_number
left join changed_order
    on coalesce(order_change.order_id, written_order.order_id) = changed_order.order_id;
