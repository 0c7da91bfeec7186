-- Records that were tried again and refused again: what is wrong with them now?

-- An entry stays the record that the source gave, by its digest; a text that a person
-- corrected, and not well enough, is kept for the next correction.
update quarantine
set
    batch_id = :batch_id,
    rules = refused_record.rules,
    reasons = refused_record.reasons,
    raw = given.raw,
    last_seen_at = now()
from refused_record
inner join checked_record as given on refused_record.record_no = given.record_no
where
    quarantine.replayed_in = :batch_id
    and quarantine.replayed_as = refused_record.record_no
    and quarantine.source = :source
    and quarantine.stream = :stream
    and quarantine.entity = :entity
    and quarantine.resolved_at is null;
