-- Which of the new clusters would be wrong or too large to glue without a person?
create temporary table doubtful on commit drop as
with sizes as (
    -- A customer counts with its identifiers, what has no customer counts as one.
    select
        label,
        sum(
            case
                when node >= :new_from then 1
                else (
                    select count(*)
                    from identifiers
                    where identifiers.customer_id = nodes.node
                )
            end
        ) as size
    from nodes
    group by label
),

apart as (
    -- Staff said of two of its identifiers that they are two people.
    select distinct a.label
    from identifier_links as rejected
    inner join identifiers as ia on rejected.identifier_a = ia.identifier_id
    inner join identifiers as ib on rejected.identifier_b = ib.identifier_id
    inner join
        nodes as a
        on coalesce(ia.customer_id, :new_from + ia.identifier_id) = a.node
    inner join
        nodes as b
        on coalesce(ib.customer_id, :new_from + ib.identifier_id) = b.node
    where
        rejected.rejected_at is not null
        and a.label = b.label
        and a.node != b.node
)

select
    label,
    'large_cluster' as kind,
    size || ' identifiers would be one person, more than ' || :cluster_cap as detail
from sizes
where size > :cluster_cap
union all
select
    label,
    'kept_apart' as kind,
    'staff said that two of these are not one person' as detail
from apart
where label not in (
    select label from sizes
    where size > :cluster_cap
);

create temporary table held on commit drop as
select
    doubtful.label,
    links.link_id,
    links.identifier_a,
    links.identifier_b
from doubtful
inner join nodes on doubtful.label = nodes.label
inner join fresh_links as links on nodes.node = links.node_a
where links.node_a != links.node_b and not links.is_void;

insert into identity_conflicts (kind, identifier_ids, link_ids, detail, found_at)
select
    doubtful.kind,
    array(
        select held.identifier_a from held
        where held.label = doubtful.label
        union
        select held.identifier_b from held
        where held.label = doubtful.label
    ) as identifier_ids,
    array(
        select held.link_id from held
        where held.label = doubtful.label
    ) as link_ids,
    doubtful.detail,
    :as_of as found_at
from doubtful;

update identifier_links
set held_at = :as_of
from held
where identifier_links.link_id = held.link_id;

update nodes
set label = nodes.node
from doubtful
where nodes.label = doubtful.label;

select count(*) as conflicts from doubtful;
