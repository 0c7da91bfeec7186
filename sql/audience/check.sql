-- Which values does a check of a table allow, in words?
select
    (
        select string_agg(pg_attribute.attname, ', ')
        from pg_attribute
        where
            pg_attribute.attrelid = pg_constraint.conrelid
            and pg_attribute.attnum = any(pg_constraint.conkey)
    ) as column_name,
    coalesce(
        (
            select string_agg(found[1], ', ')
            from
                regexp_matches(
                    pg_get_constraintdef(pg_constraint.oid), '''([^'']*)''::', 'g'
                ) as found
        ),
        pg_get_constraintdef(pg_constraint.oid)
    ) as allowed
from pg_constraint
where
    pg_constraint.conrelid = to_regclass('regulars.' || :table)
    and pg_constraint.conname = :name;
