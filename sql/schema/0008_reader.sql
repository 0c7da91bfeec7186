-- Who may read and nothing else? The role that the SQL of marketers runs as.
do $$
begin
    begin
        create role regulars_reader nologin;
    exception
        -- Roles are of the server: another database of it has made this one.
        when duplicate_object or unique_violation then null;
    end;
    grant regulars_reader to current_user;
    grant usage on schema regulars to regulars_reader;
    grant select on all tables in schema regulars to regulars_reader;
    alter default privileges in schema regulars
    grant select on tables to regulars_reader;
exception
    -- Not every server allows it; then a read-only transaction has to do alone.
    when insufficient_privilege then
        raise notice 'no role regulars_reader: %', sqlerrm;
end;
$$;
