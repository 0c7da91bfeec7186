-- Which columns have our tables, of what type, and which of them may be empty?
select
    pg_class.relname as table_name,
    pg_attribute.attname as column_name,
    format_type(pg_attribute.atttypid, null) as type_name,
    pg_attribute.attnotnull as is_required,
    pg_attribute.attidentity <> '' as is_counted
from pg_class
inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
where
    pg_class.relnamespace = cast('regulars' as regnamespace)
    and pg_class.relkind in ('r', 'p', 'v', 'm')
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
    and pg_attribute.attgenerated = ''
order by pg_class.relname, pg_attribute.attnum;
