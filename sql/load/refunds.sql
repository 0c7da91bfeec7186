-- Write the refunds that are new or changed; how many records was that?

create temp table outdated on commit drop as
select record_no
from (
    select
        record_no,
        row_number() over (
            partition by
                refund_number, case when not :is_whole_record then line_id end
            order by coalesce(updated_at, requested_at) desc, record_no desc
        ) as age
    from staged
    where raw is not null and (:is_whole_record or line_id is not null)
) as ranked
where age > 1;

create temp table staged_line on commit drop as
select
    *,
    coalesce(updated_at, requested_at) as version_at,
    (date_part('epoch', coalesce(updated_at, requested_at))::bigint << 30)
    + record_no as version_no
from staged
where not exists (
    select from outdated
    where outdated.record_no = staged.record_no
);

-- One row per refund: the newest record speaks, the amounts of its lines add up.
create temp table refund_version on commit drop as
select
    version.refund_number,
    version.records,
    version.amount,
    version.requested_at,
    version.updated_at,
    speaker.order_number,
    speaker.status,
    speaker.currency,
    speaker.reason,
    orders.order_id,
    coalesce(person.identifier_id, orders.buyer_identifier_id) as identifier_id,
    coalesce(buyer.customer_id, orders.customer_id) as customer_id,
    stored.refund_id,
    stored.updated_at as stored_at
from (
    select
        refund_number,
        count(*) filter (where raw is not null) as records,
        sum(amount) as amount,
        min(requested_at) as requested_at,
        max(version_at) as updated_at,
        max(version_no) as version_no
    from staged_line
    group by refund_number
) as version
inner join staged_line as speaker
    on
        version.refund_number = speaker.refund_number
        and version.version_no = speaker.version_no
        and speaker.raw is not null
left join person
    on
        person.described = row(
            speaker.buyer_id, speaker.phone, speaker.email, speaker.more_identifiers
        )::text
left join identifiers as buyer on person.identifier_id = buyer.identifier_id
left join orders
    on speaker.order_number = orders.order_number and orders.source = :source
left join refunds as stored
    on version.refund_number = stored.refund_number and stored.source = :source;

analyze refund_version;

create temp table written_refund (refund_number text) on commit drop;

with news as (
    select version.*
    from refund_version as version
    left join refunds as stored on version.refund_id = stored.refund_id
    where
        stored.refund_id is null
        or (
            version.updated_at >= stored.updated_at
            and (
                stored.order_number, stored.status, stored.requested_at,
                stored.updated_at, stored.currency, stored.amount, stored.reason,
                stored.buyer_identifier_id
            ) is distinct from (
                version.order_number, version.status, version.requested_at,
                version.updated_at, version.currency, version.amount, version.reason,
                coalesce(version.identifier_id, stored.buyer_identifier_id)
            )
        )
),

written as (
    insert into refunds (
        source, refund_number, order_number, order_id, status, requested_at,
        updated_at, currency, amount, reason, buyer_identifier_id, customer_id
    )
    select
        :source,
        refund_number,
        order_number,
        order_id,
        status,
        requested_at,
        updated_at,
        currency,
        amount,
        reason,
        identifier_id,
        customer_id
    from news
    order by requested_at, refund_number
    on conflict on constraint refunds_natural_key do update
        set
            order_number = excluded.order_number,
            order_id = excluded.order_id,
            status = excluded.status,
            requested_at = excluded.requested_at,
            updated_at = excluded.updated_at,
            currency = excluded.currency,
            amount = excluded.amount,
            reason = excluded.reason,
            buyer_identifier_id = coalesce(
                excluded.buyer_identifier_id, refunds.buyer_identifier_id
            ),
            customer_id = coalesce(excluded.customer_id, refunds.customer_id),
            loaded_at = now()
        where excluded.updated_at >= refunds.updated_at
    returning refund_number
)

insert into written_refund
select refund_number
from written;

select
    coalesce(sum(version.records) filter (
        where written.refund_number is not null
    ), 0) as loaded,
    coalesce(sum(version.records) filter (
        where written.refund_number is null
    ), 0) + (select count(*) from outdated) as unchanged
from refund_version as version
left join written_refund as written on version.refund_number = written.refund_number;
