-- Load this stopped batch without its bad records, said a person.
update batch
set accepted_at = now(), accepted_because = :because
where batch_id = :batch_id
