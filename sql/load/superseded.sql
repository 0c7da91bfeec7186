-- Which open entries of quarantine came in well now, with these records?

-- Records that were tried again: each entry knows which record of which batch it is.
update quarantine
set resolution = 'replayed', resolved_at = now()
from staged_record
where
    quarantine.replayed_in = :batch_id
    and quarantine.replayed_as = staged_record.record_no
    and quarantine.resolved_at is null;

-- Records that were pulled again, and better. Only entries that this batch has not
-- shown to be bad again: known by their key, or by having been exactly this text.
with open_entry as materialized (
    select
        quarantine_id,
        record_key,
        version_at,
        raw_digest
    from quarantine
    where
        source = :source
        and stream = :stream
        and resolved_at is null
        and batch_id < :batch_id
        and not :is_replay
),

good as (
    select
        record_key,
        version_at,
        record_digest(raw, record_key, 1) as raw_digest
    from staged_record
    where exists (select from open_entry)
),

settled as (
    select open_entry.quarantine_id
    from open_entry
    inner join good on open_entry.record_key = good.record_key
    where coalesce(good.version_at >= open_entry.version_at, true)
    union
    select open_entry.quarantine_id
    from open_entry
    inner join good on open_entry.raw_digest = good.raw_digest
)

update quarantine
set resolution = 'superseded', resolved_at = now()
from settled
where quarantine.quarantine_id = settled.quarantine_id;
