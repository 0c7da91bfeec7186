-- What did validation find in this batch?

-- A batch that was stopped once stays so, since its stream has gone on without it:
-- it may be loaded when it is accepted, by a person or for being good enough now.
update batch
set
    state = case
        when state = 'landed' and :is_good_enough then 'landed'
        else 'stopped'
    end,
    accepted_at = case
        when state = 'stopped' and :is_good_enough then coalesce(accepted_at, now())
        else accepted_at
    end,
    accepted_because = case
        when state = 'stopped' and :is_good_enough
            then coalesce(accepted_because, 'it is good enough by the rules now')
        else accepted_because
    end,
    validated_at = now(),
    quarantined = :quarantined,
    warned = :warned
where batch_id = :batch_id;
