-- What waits for a person to say who is who?
select
    conflicts.conflict_id,
    conflicts.kind,
    conflicts.detail,
    conflicts.found_at,
    array(
        select identifiers.kind || ' ' || identifiers.value
        from identifiers
        where identifiers.identifier_id = any(conflicts.identifier_ids)
        order by identifiers.identifier_id
        limit 12
    ) as identifiers
from identity_conflicts as conflicts
where conflicts.resolved_at is null
order by conflicts.conflict_id desc
limit :most;
