-- Which rewards are void because their message is not sent after all?
with ended as (
    select
        rewards.touch_id,
        rewards.pool,
        rewards.code,
        coalesce(fate.reason, touch.reason, touch.decision) as reason,
        exists(
            select
            from attempt
            where attempt.touch_id = rewards.touch_id
        ) as may_be_known
    from rewards
    inner join touch on rewards.touch_id = touch.touch_id
    left join lateral (
        select
            min(outcome.reason) as reason,
            bool_or(outcome.outcome in ('skipped', 'bounced'))
            or count(*) filter (where outcome.outcome in ('failed', 'dead'))
            > count(*) filter (where outcome.outcome = 'released') as is_over
        from outcome
        where
            outcome.touch_id = rewards.touch_id
            and outcome.outcome in (
                'skipped', 'bounced', 'failed', 'dead', 'released'
            )
    ) as fate on true
    where
        rewards.voided_at is null
        and (touch.decision != 'planned' or fate.is_over)
),

freed as (
    -- A code that nobody can have seen is given to somebody else.
    update reward_codes
    set touch_id = null
    from ended
    where
        reward_codes.pool = ended.pool
        and reward_codes.code = ended.code
        and not ended.may_be_known
    returning reward_codes.code
)

update rewards
set
    voided_at = coalesce(cast(:as_of as timestamptz), now()),
    voided_because = ended.reason
from ended
where rewards.touch_id = ended.touch_id;
