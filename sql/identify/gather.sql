-- Which identifiers have no customer yet, which links have not been followed?
select pg_advisory_xact_lock(7230010);

set local work_mem = '256MB';

-- First the identifiers: a link seen later brings its own along.
create temporary table fresh_identifiers on commit drop as
select identifier_id
from identifiers
where customer_id is null and not is_junk;

-- Few of many links are looked up in their order, which is that of what they join:
-- quicker than reading everything, though Postgres cannot foresee it.
select set_config(setting.name, decided.switch, true) as is_set
from (values ('enable_hashjoin'), ('enable_mergejoin')) as setting (name)
cross join (
    select
        case
            when count(*) > coalesce(known_rows('identifier_links') / 5, 0) then 'on'
            else 'off'
        end as switch
    from links_to_follow
) as decided;

-- Nodes are customers, or identifiers without one; a void link joins nothing.
create temporary table fresh_links on commit drop as
select
    links.link_id,
    links.identifier_a,
    links.identifier_b,
    links.evidence,
    coalesce(a.customer_id, :new_from + a.identifier_id) as node_a,
    coalesce(b.customer_id, :new_from + b.identifier_id) as node_b,
    a.is_junk or b.is_junk as is_void,
    a.kind != 'buyer' and not a.is_junk and not a.is_trusted as may_be_shared_a,
    b.kind != 'buyer' and not b.is_junk and not b.is_trusted as may_be_shared_b
from (
    select distinct link_id
    from links_to_follow
    order by link_id
) as queued
inner join identifier_links as links on queued.link_id = links.link_id
inner join identifiers as a on links.identifier_a = a.identifier_id
inner join identifiers as b on links.identifier_b = b.identifier_id
where links.rejected_at is null;

set local enable_hashjoin = on;
set local enable_mergejoin = on;

analyze fresh_identifiers, fresh_links;

-- Customers whose identifiers may have to part.
create temporary table affected (customer_id bigint) on commit drop;
