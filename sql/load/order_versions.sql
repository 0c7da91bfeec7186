-- Which orders does this batch bring, in which version, and which of them are news?

-- Only of orders that come in several records can one be outdated.
create temp table repeated on commit drop as
select order_number
from staged
where raw is not null
group by order_number
having count(*) > 1;

analyze repeated;

-- Records that a newer one of the same batch replaces: pulls overlap.
create temp table outdated on commit drop as
select record_no
from (
    select
        staged.record_no,
        row_number() over (
            partition by
                staged.order_number,
                case when not :is_whole_record then staged.line_id end
            order by
                coalesce(staged.updated_at, staged.ordered_at) desc,
                staged.record_no desc
        ) as age
    from staged
    inner join repeated on staged.order_number = repeated.order_number
    where
        staged.raw is not null
        and (:is_whole_record or staged.line_id is not null)
) as ranked
where age > 1;

-- Exports overlap too: a line without an id that an earlier file of this batch shows as
-- often is the same one. A file may also end in the middle of an order, so that its
-- other lines are no repetition.
with one_line as (
    select
        staged.record_no,
        staged.order_number,
        rtrim(staged.place, '0123456789') as file,
        (
            staged.product_id, staged.product_title, staged.category,
            staged.variant, staged.quantity, staged.unit_price, staged.line_amount
        )::text as content
    from staged
    inner join repeated on staged.order_number = repeated.order_number
    where
        staged.raw is not null
        and staged.line_id is null
        and not :is_whole_record
),

spread as (
    select order_number
    from one_line
    group by order_number
    having min(file) != max(file)
),

copies as (
    select
        one_line.*,
        row_number() over (
            partition by one_line.order_number, one_line.content, one_line.file
            order by one_line.record_no
        ) as copy_no
    from one_line
    inner join spread on one_line.order_number = spread.order_number
)

insert into outdated (record_no)
select record_no
from (
    select
        record_no,
        row_number() over (
            partition by order_number, content, copy_no
            order by record_no desc
        ) as age
    from copies
) as ranked
where age > 1;

-- Empty as a rule: unknown, it would be the one that all others are hashed for.
analyze outdated;

create temp view staged_line as
select
    *,
    coalesce(updated_at, ordered_at) as version_at,
    coalesce(line_amount, quantity * unit_price) as amount,
    -- Seconds and record number in one: the greatest speaks for the order.
    (date_part('epoch', coalesce(updated_at, ordered_at))::bigint << 30)
    + record_no as version_no,
    -- The digest of a line's content; numbers equal in value are equal in it.
    hash_record_extended(
        (
            line_id, product_id, product_title, category, variant, quantity,
            unit_price, line_amount
        ), 0
    ) as digest
from staged
where not exists (
    select from outdated
    where outdated.record_no = staged.record_no
);

create temp table version on commit drop as
select
    order_number,
    count(*) filter (where raw is not null) as records,
    max(version_no) & ((1 << 30) - 1) as speaker_no,
    min(ordered_at) as ordered_at,
    max(version_at) as updated_at,
    sum(amount) as amount,
    sum(digest) as digest
from staged_line
group by order_number;

analyze version;

-- Orders that this batch does not hold whole: a part of them is in quarantine, or
-- the source gives changed lines only. What it does not show stays as it is.
create temp table partial_order on commit drop as
select order_number
from version
where not :holds_whole_orders
union
select order_number
from refused
where order_number is not null and not :is_whole_record;

analyze partial_order;

-- One row per order of the batch, beside what is stored of it.
create temp table order_change on commit drop as
select
    version.order_number,
    version.records,
    version.ordered_at,
    version.updated_at,
    version.digest,
    speaker.status,
    speaker.paid_at,
    speaker.shipped_at,
    speaker.finished_at,
    speaker.currency,
    speaker.order_amount,
    person.identifier_id,
    stored.order_id,
    stored.customer_id,
    partial_order.order_number is not null as is_partial,
    coalesce(version.updated_at < stored.updated_at, false) as is_stale,
    coalesce(speaker.order_amount, version.amount) as amount,
    (version.digest is distinct from stored.lines_digest) as has_news_of_lines,
    -- Nothing of it needs a further look: as stored, or an older version.
    (
        stored.order_id is not null
        and partial_order.order_number is null
        and (
            version.updated_at < stored.updated_at
            or (
                stored.lines_digest, stored.status, stored.ordered_at,
                stored.paid_at, stored.shipped_at, stored.finished_at,
                stored.updated_at, stored.currency, stored.amount,
                stored.buyer_identifier_id
            ) is not distinct from (
                version.digest, speaker.status, version.ordered_at,
                speaker.paid_at, speaker.shipped_at, speaker.finished_at,
                version.updated_at, speaker.currency,
                coalesce(speaker.order_amount, version.amount),
                coalesce(person.identifier_id, stored.buyer_identifier_id)
            )
        )
    ) as is_known
from version
inner join staged as speaker
    on version.speaker_no = speaker.record_no and speaker.raw is not null
left join person
    on
        person.described = row(
            speaker.buyer_id, speaker.phone, speaker.email, speaker.more_identifiers
        )::text
left join orders as stored
    on version.order_number = stored.order_number and stored.source = :source
left join partial_order
    on version.order_number = partial_order.order_number;

analyze order_change;
