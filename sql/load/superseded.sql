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
        record_digest(raw, record_key, 1) as raw_digest
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
