-- Until it is judged anew, this batch must not be loaded.
update batch
set validated_at = null
where batch_id = :batch_id;
