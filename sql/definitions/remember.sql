-- From now on this is what it was computed with.
insert into definitions (kind, name, question, digest, computed_at)
values (:kind, :name, :question, :digest, :as_of)
on conflict (kind, name) do update
    set
        question = excluded.question,
        digest = excluded.digest,
        computed_at = excluded.computed_at;
