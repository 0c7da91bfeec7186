-- Which attempts of this lease have no end, or are believed to be in doubt?
with ordered as (
    select
        chunk.chunk_id,
        listed.touch_id
    from lease
    -- By the index of what is open: orders have none by lease.
    inner join chunk
        on
            lease.channel = chunk.channel
            and lease.account = chunk.account
            and lease.lease_id = chunk.lease_id
    cross join lateral unnest(chunk.touch_ids) as listed (touch_id)
    where lease.lease_id = :lease and chunk.state = 'open'
    union
    select
        null as chunk_id,
        noted.touch_id
    from unnest(cast(:noted as bigint[])) as noted (touch_id)
    union
    select
        null as chunk_id,
        attempt.touch_id
    from outcome
    inner join attempt
        on
            outcome.touch_id = attempt.touch_id
            and outcome.number = attempt.number
    where
        outcome.outcome = 'in_doubt'
        and outcome.reason = :lost
        and attempt.lease_id = :lease
),

lost as (
    select
        attempt.touch_id,
        attempt.number,
        max(ordered.chunk_id) as chunk_id
    from ordered
    inner join attempt on ordered.touch_id = attempt.touch_id
    where attempt.lease_id = :lease
    group by attempt.touch_id, attempt.number
)

select
    lost.touch_id,
    lost.number,
    lost.chunk_id,
    touch.key,
    coalesce(
        (
            select detour.address
            from detour
            where
                detour.touch_id = lost.touch_id
                and detour.number <= lost.number
            order by detour.number desc
            limit 1
        ),
        touch.address
    ) as address,
    (
        select count(*)
        from outcome
        where
            outcome.touch_id = lost.touch_id
            and outcome.outcome = 'retry'
    ) as refusals,
    -- Null: nobody has judged it. Else whether only other workers did, who know no
    -- more than that this one was lost.
    (
        select bool_and(outcome.reason = :lost)
        from outcome
        where
            outcome.touch_id = lost.touch_id
            and outcome.number = lost.number
            and outcome.outcome = 'in_doubt'
    ) as is_judged_by_others
from lost
inner join touch on lost.touch_id = touch.touch_id
where
    not exists (
        select
        from outcome
        where
            outcome.touch_id = lost.touch_id
            and outcome.number = lost.number
            and outcome.outcome != 'in_doubt'
    );
