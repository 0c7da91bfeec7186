-- Which identifiers belong to too many at once: a shop's own phone, a made-up address?
-- More than the cap of one kind and scope beside it (buyers of one shop, say) are not
-- one person. Buyers themselves are accounts, whatever they are linked to.
create temporary table shared on commit drop as
with ends as (
    select
        identifier_a as identifier_id,
        node_a >= :new_from as is_new
    from fresh_links
    where may_be_shared_a
    union all
    select
        identifier_b,
        node_b >= :new_from as is_new
    from fresh_links
    where may_be_shared_b
),

known as (
    select distinct identifier_id
    from ends
    where not is_new
),

-- Few have so many links at all, and only these are looked at closely. Whoever has no
-- customer yet has no links but these.
suspects as (
    select identifier_id
    from ends
    where is_new
    group by identifier_id
    having count(*) > :shared_cap
    union all
    select identifier_id
    from (
        select known.identifier_id
        from known
        inner join identifier_links as links on known.identifier_id = links.identifier_a
        union all
        select known.identifier_id
        from known
        inner join identifier_links as links on known.identifier_id = links.identifier_b
    ) as linked
    group by identifier_id
    having count(*) > :shared_cap
),

sides as (
    select
        suspects.identifier_id,
        links.identifier_b as beside,
        links.link_id
    from suspects
    inner join identifier_links as links on suspects.identifier_id = links.identifier_a
    where links.rejected_at is null
    union all
    select
        suspects.identifier_id,
        links.identifier_a,
        links.link_id
    from suspects
    inner join identifier_links as links on suspects.identifier_id = links.identifier_b
    where links.rejected_at is null
),

crowds as (
    select
        sides.identifier_id,
        identifiers.kind,
        count(*) as size,
        array_agg(sides.link_id order by sides.link_id) as link_ids
    from sides
    inner join identifiers on sides.beside = identifiers.identifier_id
    group by sides.identifier_id, identifiers.kind, identifiers.scope
    having count(*) > :shared_cap
)

select distinct on (identifier_id)
    identifier_id,
    link_ids,
    'linked to ' || size || ' of kind ' || kind || ', more than ' || :shared_cap
        as detail
from crowds
order by identifier_id asc, size desc;

update identifiers
set is_junk = true, junk_reason = shared.detail
from shared
where identifiers.identifier_id = shared.identifier_id;

insert into identity_conflicts (kind, identifier_ids, link_ids, detail, found_at)
select
    'shared_identifier' as kind,
    array[identifier_id] as identifier_ids,
    link_ids,
    detail,
    :as_of as found_at
from shared
order by identifier_id;

-- Whoever is junk, by this or by hand, parts from the customer it had.
insert into affected (customer_id)
select distinct customer_id
from identifiers
where is_junk and customer_id is not null;

delete from fresh_identifiers
using identifiers
where
    fresh_identifiers.identifier_id = identifiers.identifier_id
    and identifiers.is_junk;

select count(*) as conflicts from shared;
