-- Which open entries of quarantine came in well now, with these records?

-- Only entries that this batch has not shown to be bad again; an entry is known by
-- its record's key, or by having been exactly this text.
with open_entry as materialized (
    select
        quarantine_id,
        record_key,
        raw_digest
    from quarantine
    where
        source = :source
        and stream = :stream
        and resolved_at is null
        and batch_id < :batch_id
),

good as (
    select
        record_digest(raw, record_key, 1) as raw_digest,
        record_key
    from staged_record
    where exists (select from open_entry)
)

update quarantine
set resolution = 'superseded', resolved_at = now()
from open_entry
where
    quarantine.quarantine_id = open_entry.quarantine_id
    and (
        open_entry.record_key in (select good.record_key from good)
        or open_entry.raw_digest in (select good.raw_digest from good)
    );
