-- From where does the stream go on?
insert into stream_cursor (source, stream, cursor)
values (:source, :stream, :cursor)
on conflict (source, stream) do update
    set cursor = excluded.cursor, updated_at = now()
