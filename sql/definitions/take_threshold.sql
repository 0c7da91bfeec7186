-- From now on this is the limit.
insert into thresholds (threshold, question, value, digest, taken_at)
values (:threshold, :question, :value, :digest, :as_of)
on conflict (threshold) do update
    set
        question = excluded.question,
        value = excluded.value,
        digest = excluded.digest,
        taken_at = excluded.taken_at;
