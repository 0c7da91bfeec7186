-- Which identifiers have no customer yet, which links have not been followed?
select pg_advisory_xact_lock(7230010);

-- First the identifiers: a link seen later brings its own along.
create temporary table fresh_identifiers on commit drop as
select identifier_id
from identifiers
where customer_id is null and not is_junk;

create temporary table fresh_links on commit drop as
select
    link_id,
    identifier_a,
    identifier_b,
    evidence
from identifier_links
where processed_at is null and rejected_at is null;

analyze fresh_identifiers, fresh_links;

-- Customers whose identifiers may have to part.
create temporary table affected (customer_id bigint) on commit drop;
