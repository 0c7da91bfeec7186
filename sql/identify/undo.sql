-- Staff said: the two sides of this merge are two people.
select pg_advisory_xact_lock(7230010);

update identifier_links
set rejected_at = :as_of, rejected_because = :because
from customer_merges as merge
where
    merge.merge_id = :merge_id
    and identifier_links.rejected_at is null
    and (
        (
            identifier_links.identifier_a = any(merge.merged_identifiers)
            and identifier_links.identifier_b = any(merge.kept_identifiers)
        ) or (
            identifier_links.identifier_b = any(merge.merged_identifiers)
            and identifier_links.identifier_a = any(merge.kept_identifiers)
        )
    );

create temporary table affected on commit drop as
select coalesce(customers.merged_into, customers.customer_id) as customer_id
from customer_merges as merge
inner join customers on merge.kept_id = customers.customer_id
where merge.merge_id = :merge_id;
