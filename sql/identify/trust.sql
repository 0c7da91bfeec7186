-- Staff said: this identifier is one person's; follow its links from now on.
with trusted as (
    update identifiers
    set is_junk = false, is_trusted = true, junk_reason = null
    where kind = :kind and value = :value and (is_junk or not is_trusted)
    returning identifier_id
),

followed as (
    update identifier_links
    set processed_at = null, held_at = null
    from trusted
    where
        trusted.identifier_id
        in (identifier_links.identifier_a, identifier_links.identifier_b)
),

resolved as (
    update identity_conflicts
    set resolved_at = :as_of
    from trusted
    where
        identity_conflicts.kind = 'shared_identifier'
        and identity_conflicts.resolved_at is null
        and trusted.identifier_id = any(identity_conflicts.identifier_ids)
)

select identifier_id from trusted;
