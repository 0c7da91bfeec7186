-- Can the SQL of marketers run as a role that only reads?
select
    coalesce(
        bool_and(
            pg_has_role(current_user, roles.oid, 'member')
            and has_schema_privilege(roles.oid, 'regulars', 'usage')
            and has_table_privilege(roles.oid, 'regulars.customers', 'select')
        ), false
    ) as is_usable
from pg_roles as roles
where roles.rolname = :reader;
