-- Which labels must be put on people of the platform, and which must go from them?
drop table if exists pg_temp.label_change;

create temporary table label_change as
with person as (
    select
        identifier_id,
        customer_id
    from identifiers
    where
        kind = :kind and scope = :scope
        and customer_id is not null and not is_junk
),

wanted as (
    select
        person.identifier_id,
        cast(:prefix as text) || members.segment as label
    from segment_members as members
    inner join person on members.customer_id = person.customer_id
    where
        members.left_at is null
        and members.segment = any(cast(:segments as text[]))
    union
    select
        person.identifier_id,
        cast(:prefix as text) || tags.tag
        || case when tags.value = '' then '' else ':' || tags.value end as label
    from tags
    inner join person on tags.customer_id = person.customer_id
    where
        tags.tag = any(cast(:tags as text[]))
        and tags.origin != 'platform'
        and coalesce(tags.expires_at > :now, true)
),

carried as (
    select
        identifier_id,
        label,
        is_there,
        error is not null and changed_at > :retry_from as is_resting
    from pushed_tags
    where source = :source
),

change as (
    select
        coalesce(wanted.identifier_id, carried.identifier_id) as identifier_id,
        coalesce(wanted.label, carried.label) as label,
        wanted.label is not null as is_added
    from wanted
    full join carried
        on
            wanted.identifier_id = carried.identifier_id
            and wanted.label = carried.label
    where
        (wanted.label is not null) != coalesce(carried.is_there, false)
        and not coalesce(carried.is_resting, false)
)

select
    row_number() over (order by change.identifier_id, change.label) as change_no,
    change.identifier_id,
    identifiers.value as person,
    change.label,
    change.is_added
from change
inner join identifiers on change.identifier_id = identifiers.identifier_id;

create index on label_change (change_no);
