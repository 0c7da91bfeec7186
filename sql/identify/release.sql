-- Look again at the links that waited for a person: something was decided.
update identifier_links
set held_at = null, processed_at = null
where held_at is not null;

update identity_conflicts
set resolved_at = :as_of
where resolved_at is null and kind != 'shared_identifier';
