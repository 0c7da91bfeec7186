-- Count a callback that was not taken.
insert into refused_callbacks (source, reason, first_at, last_at)
values (:source, :reason, :now, :now)
on conflict (source, reason) do update
    set
        refusals = refused_callbacks.refusals + 1,
        last_at = excluded.last_at
