-- Which batches of a stream were too bad to load and wait to be judged again?
select batch.batch_id
from batch
where
    batch.source = :source
    and batch.stream = :stream
    and batch.state = 'stopped'
order by batch.batch_id
