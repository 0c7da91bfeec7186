-- Staff took it back: the two sides of this merge are one person after all.
select pg_advisory_xact_lock(7230010);

with allowed as (
    update identifier_links
    set
        rejected_at = null,
        rejected_because = null,
        held_at = null
    from customer_merges as merge
    where
        merge.merge_id = :merge_id
        and identifier_links.rejected_at is not null
        and (
            (
                identifier_links.identifier_a = any(merge.merged_identifiers)
                and identifier_links.identifier_b = any(merge.kept_identifiers)
            ) or (
                identifier_links.identifier_b = any(merge.merged_identifiers)
                and identifier_links.identifier_a = any(merge.kept_identifiers)
            )
        )
    returning identifier_links.link_id
)

insert into links_to_follow (link_id)
select link_id from allowed;
