-- Which keys and indexes do these tables have, how are they taken off and put back?
with tables as (
    select cast(name as regclass) as oid
    from unnest(cast(:tables as text[])) as given (name)
),

constraints as (
    select *
    from pg_constraint
    where
        contype in ('p', 'u', 'f')
        and (
            conrelid in (select oid from tables)
            or (contype = 'f' and confrelid in (select oid from tables))
        )
)

select
    -- What refers to a key goes first and comes back last.
    case contype when 'f' then 0 else 1 end as step,
    format('alter table %s drop constraint %I', cast(conrelid as regclass), conname)
        as drops,
    case when contype != 'f' then pg_get_indexdef(conindid) end as builds,
    format(
        'alter table %s add constraint %I ', cast(conrelid as regclass), conname
    )
    || case contype
        when 'f' then pg_get_constraintdef(oid)
        when 'p' then format('primary key using index %I', conname)
        else format('unique using index %I', conname)
    end as binds
from constraints
union all
select
    1 as step,
    format('drop index %s', cast(indexrelid as regclass)) as drops,
    pg_get_indexdef(indexrelid) as builds,
    null as binds
from pg_index
where
    indrelid in (select oid from tables)
    and indexrelid not in (select conindid from constraints)
order by step, drops;
