-- Look again at the links that waited for a person: something was decided.
select pg_advisory_xact_lock(7230010);

with released as (
    update identifier_links
    set held_at = null
    where held_at is not null
    returning link_id
)

insert into links_to_follow (link_id)
select link_id from released;

update identity_conflicts
set resolved_at = :as_of
where resolved_at is null and kind != 'shared_identifier';
