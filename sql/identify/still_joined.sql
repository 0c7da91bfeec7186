-- Through which identifiers are the two sides of a merge still one person?
select
    between_them.kind,
    between_them.value,
    array_agg(links.link_id order by links.link_id) as link_ids
from customer_merges as merge
inner join identifier_links as links
    on
        links.identifier_a = any(merge.merged_identifiers || merge.kept_identifiers)
        or links.identifier_b = any(merge.merged_identifiers || merge.kept_identifiers)
inner join identifiers as between_them
    on
        between_them.identifier_id in (links.identifier_a, links.identifier_b)
        and not between_them.identifier_id = any(
            merge.merged_identifiers || merge.kept_identifiers
        )
where merge.merge_id = :merge_id and links.rejected_at is null
group by between_them.identifier_id, between_them.kind, between_them.value;
