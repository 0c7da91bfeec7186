-- Where are the temporary tables of this session, if it has any?
select quote_ident(nspname) as quoted
from pg_namespace
where oid = pg_my_temp_schema();
