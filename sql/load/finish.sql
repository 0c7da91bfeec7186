-- The batch is loaded: what became of its records?
update batch
set
    state = 'loaded',
    loaded = :loaded,
    unchanged = :unchanged,
    finished_at = now()
where batch_id = :batch_id;
