-- What in the ledger must never be, and is?
with told as (
    -- What each run said about itself when it was planned, against its rows.
    select
        runs.campaign_run_id,
        runs.candidates,
        coalesce(cast(runs.counts ->> 'new' as bigint), 0) as decided
    from campaign_runs as runs
    where
        (cast(:run as bigint) is null or runs.campaign_run_id = :run)
        and runs.counts != '{}'
),

written as (
    select
        campaign_run_id,
        count(*) as number
    from touch
    where cast(:run as bigint) is null or campaign_run_id = :run
    group by campaign_run_id
),

in_scope as (
    select
        touch.touch_id,
        touch.campaign_run_id,
        touch.decision,
        touch.key,
        touch.campaign,
        touch.step,
        touch.occasion,
        touch.customer_id
    from touch
    where cast(:run as bigint) is null or touch.campaign_run_id = :run
),

ordered as (
    select distinct listed.touch_id
    from chunk
    cross join lateral unnest(chunk.touch_ids) as listed (touch_id)
    where chunk.state in ('open', 'waiting', 'stopped')
),

broken as (
    select
        'the run decided on other messages than it says' as rule,
        told.campaign_run_id,
        abs(told.decided - coalesce(written.number, 0)) as number,
        told.decided
        || ' said, '
        || coalesce(written.number, 0)
        || ' written' as example
    from told
    left join written on told.campaign_run_id = written.campaign_run_id
    where told.decided != coalesce(written.number, 0)
    union all
    select
        'messages are neither settled, ordered nor in doubt' as rule,
        in_scope.campaign_run_id,
        count(*) as number,
        'touch ' || min(in_scope.touch_id) as example
    from in_scope
    inner join touch_state on in_scope.touch_id = touch_state.touch_id
    left join ordered on in_scope.touch_id = ordered.touch_id
    where
        in_scope.decision = 'planned'
        and ordered.touch_id is null
        and (
            touch_state.state in ('planned', 'deferred')
            or (
                touch_state.state = 'in_doubt'
                and not exists (
                    select
                    from outcome
                    where
                        outcome.touch_id = in_scope.touch_id
                        and outcome.outcome = 'in_doubt'
                )
            )
        )
    group by in_scope.campaign_run_id
    union all
    select
        'messages were accepted in more than one attempt' as rule,
        in_scope.campaign_run_id,
        count(*) as number,
        'touch ' || min(in_scope.touch_id) as example
    from in_scope
    inner join (
        select outcome.touch_id
        from outcome
        where outcome.outcome = 'accepted'
        group by outcome.touch_id
        having count(distinct outcome.number) > 1
    ) as twice on in_scope.touch_id = twice.touch_id
    group by in_scope.campaign_run_id
    union all
    select
        'messages were accepted without an intent' as rule,
        in_scope.campaign_run_id,
        count(*) as number,
        'touch ' || min(in_scope.touch_id) as example
    from in_scope
    inner join outcome on in_scope.touch_id = outcome.touch_id
    left join attempt
        on
            outcome.touch_id = attempt.touch_id
            and outcome.number = attempt.number
    where outcome.outcome = 'accepted' and attempt.touch_id is null
    group by in_scope.campaign_run_id
    union all
    select
        'an attempt was noted twice' as rule,
        in_scope.campaign_run_id,
        count(*) as number,
        'touch ' || min(in_scope.touch_id) as example
    from in_scope
    inner join (
        select attempt.touch_id
        from attempt
        group by attempt.touch_id, attempt.number
        having count(*) > 1
    ) as twice on in_scope.touch_id = twice.touch_id
    group by in_scope.campaign_run_id
    union all
    select
        'a message is in the ledger twice' as rule,
        min(in_scope.campaign_run_id) as campaign_run_id,
        count(*) as number,
        'touch ' || min(in_scope.touch_id) as example
    from in_scope
    group by
        in_scope.campaign, in_scope.step, in_scope.occasion, in_scope.customer_id
    having count(*) > 1
    union all
    select
        'messages were sent that were not planned' as rule,
        in_scope.campaign_run_id,
        count(*) as number,
        'touch ' || min(in_scope.touch_id) as example
    from in_scope
    inner join attempt on in_scope.touch_id = attempt.touch_id
    where in_scope.decision != 'planned'
    group by in_scope.campaign_run_id
)

select
    rule,
    campaign_run_id,
    number,
    example
from broken
order by rule, campaign_run_id;
