-- Count records that were just staged; no row if the batch is not being landed.
update batch
set records = records + :records
where batch_id = :batch_id and state = 'landing' and records = :before
returning records
