-- Set the rewards aside for their messages.
with reserved as (
    insert into rewards (
        touch_id, campaign, step, pool, code, value, currency, given_on, expires_at
    )
    select
        touch.touch_id,
        touch.campaign,
        touch.step,
        cast(:pool as text) as pool,
        decided.reward,
        :value,
        :currency,
        :today as given_on,
        cast(:expires_at as timestamptz) as expires_at
    from decided
    inner join touch
        on
            decided.customer_id = touch.customer_id
            and touch.campaign = :campaign
            and decided.step = touch.step
            and decided.occasion = touch.occasion
    where decided.decision = 'planned' and decided.step = :step
    on conflict (touch_id) do update
        set
            pool = excluded.pool,
            code = excluded.code,
            value = excluded.value,
            currency = excluded.currency,
            given_on = excluded.given_on,
            expires_at = excluded.expires_at,
            voided_at = null,
            voided_because = null
    returning touch_id, pool, code
)

update reward_codes
set touch_id = reserved.touch_id
from reserved
where reward_codes.pool = reserved.pool and reward_codes.code = reserved.code;
