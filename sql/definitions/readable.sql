-- What can a file read that is not Postgres's own: tables, views, functions, by name?
with schemas as (
    select oid
    from pg_namespace
    where nspname !~ '^pg_' and nspname != 'information_schema'
)

select lower(pg_class.relname) as name
from pg_class
inner join schemas on pg_class.relnamespace = schemas.oid
where pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
union
select lower(pg_proc.proname) as name
from pg_proc
inner join schemas on pg_proc.pronamespace = schemas.oid;
