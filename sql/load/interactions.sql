-- Write the interactions that are new; how many records was that?

create temp table written_interaction (interaction_id bigint) on commit drop;

with news as (
    select distinct on (staged.kind, staged.interaction_key)
        staged.kind,
        staged.interaction_key,
        staged.happened_at,
        staged.account,
        staged.body,
        staged.code,
        person.identifier_id,
        buyer.customer_id
    from staged
    left join person
        on
            person.described = row(
                staged.buyer_id, staged.phone, staged.email, staged.more_identifiers
            )::text
    left join identifiers as buyer on person.identifier_id = buyer.identifier_id
    where
        staged.raw is not null
        and not exists (
            select from interactions as known
            where
                known.source = :source
                and known.kind = staged.kind
                and known.interaction_key = staged.interaction_key
        )
    order by staged.kind, staged.interaction_key, staged.record_no
),

-- What happened, happened: a known interaction is never rewritten.
written as (
    insert into interactions (
        source, kind, interaction_key, happened_at, account, identifier_id,
        customer_id, body, code
    )
    select
        :source,
        kind,
        interaction_key,
        happened_at,
        account,
        identifier_id,
        customer_id,
        body,
        code
    from news
    order by happened_at, kind, interaction_key
    on conflict on constraint interactions_natural_key do nothing
    returning interaction_id
)

insert into written_interaction
select interaction_id
from written;

-- Whoever scans the code of a parcel first is whom the parcel went to. Identify has the
-- last word: its caps hold for this evidence as for any other.
insert into identifier_links (identifier_a, identifier_b, source, evidence)
select distinct
    least(scan.identifier_id, orders.buyer_identifier_id) as identifier_a,
    greatest(scan.identifier_id, orders.buyer_identifier_id) as identifier_b,
    cast(:source as text) as source,
    'scan of the code in the parcel of order ' || orders.order_number as evidence
from written_interaction
inner join interactions as scan
    on written_interaction.interaction_id = scan.interaction_id
inner join codes
    on scan.code = codes.code and coalesce(scan.source = codes.source, true)
inner join orders on codes.order_id = orders.order_id
where
    scan.identifier_id != orders.buyer_identifier_id
    and not exists (
        select from interactions as earlier
        where
            earlier.code = scan.code
            and earlier.source = scan.source
            and earlier.identifier_id != scan.identifier_id
            and (earlier.happened_at, earlier.interaction_id)
            < (scan.happened_at, scan.interaction_id)
    )
on conflict on constraint identifier_links_once do nothing;

select
    (select count(*) from written_interaction) as loaded,
    (select count(*) from staged_record)
    - (select count(*) from written_interaction) as unchanged;
