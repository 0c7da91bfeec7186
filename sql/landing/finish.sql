-- All that was to come is staged.
update batch
set state = 'landed', note = :note
where batch_id = :batch_id and state = 'landing'
