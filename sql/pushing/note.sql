-- What did the platform make of these changes?
insert into pushed_tags (source, identifier_id, label, is_there, changed_at, error)
select
    cast(:source as text) as source,
    change.identifier_id,
    change.label,
    change.is_added = (change.error is null) as is_there,
    cast(:now as timestamptz) as changed_at,
    change.error
from
    unnest(
        cast(:identifier_ids as bigint[]),
        cast(:labels as text[]),
        cast(:added as boolean[]),
        cast(:errors as text[])
    ) as change (identifier_id, label, is_added, error)
order by change.identifier_id, change.label
on conflict (source, identifier_id, label) do update
    set
        is_there = excluded.is_there,
        changed_at = excluded.changed_at,
        error = excluded.error
