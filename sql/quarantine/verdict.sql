-- What did validation find in this batch?
update batch
set
    state = :state,
    validated_at = now(),
    quarantined = :quarantined,
    warned = :warned
where batch_id = :batch_id;
