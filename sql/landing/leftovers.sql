-- Which tables of staging belong to batches that were loaded long ago, or to none?
select
    tables.relname as table_name,
    batch.batch_id
from pg_class as tables
inner join pg_namespace as schemas on tables.relnamespace = schemas.oid
left join batch on batch.batch_id = substring(tables.relname from '_(\d+)$')::bigint
where
    schemas.nspname = 'staging'
    and tables.relkind = 'r'
    and tables.relname ~ '_\d+$'
    and (
        batch.batch_id is null
        or (batch.state = 'loaded' and batch.finished_at < :older_than)
    )
order by batch.batch_id
