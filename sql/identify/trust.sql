-- Staff said: this identifier is one person's; follow its links from now on.
select pg_advisory_xact_lock(7230010);

with trusted as (
    update identifiers
    set is_junk = false, is_trusted = true, junk_reason = null
    where kind = :kind and value = :value and (is_junk or not is_trusted)
    returning identifier_id
),

freed as (
    update identifier_links
    set held_at = null
    from trusted
    where
        trusted.identifier_id
        in (identifier_links.identifier_a, identifier_links.identifier_b)
    returning identifier_links.link_id
),

-- It is to have a customer again, who is what it says.
read_anew as (
    insert into identifiers_to_read (identifier_id)
    select identifier_id from trusted
),

followed as (
    insert into links_to_follow (link_id)
    select link_id from freed
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
