-- Which identifiers have no customer yet, which links have not been followed?
select pg_advisory_xact_lock(7230010);

set local work_mem = '256MB';

-- First the identifiers: a link seen later brings its own along.
create temporary table fresh_identifiers on commit drop as
select identifier_id
from identifiers
where customer_id is null and not is_junk;

create temporary table fresh_links on commit drop as
select
    links.link_id,
    links.identifier_a,
    links.identifier_b,
    links.evidence
from (select distinct link_id from links_to_follow) as queued
inner join identifier_links as links on queued.link_id = links.link_id
where links.rejected_at is null;

analyze fresh_identifiers, fresh_links;

-- Customers whose identifiers may have to part.
create temporary table affected (customer_id bigint) on commit drop;
