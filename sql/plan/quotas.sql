-- Whose account has no message left for them this day, and when has it one?
with room as (
    -- How many it may send by the end of each day, from today on.
    select given.*
    from
        jsonb_to_recordset(cast(:rooms as jsonb))
            as given (channel text, account text, opens_at timestamptz, messages bigint)
),

pending as (
    select
        channel,
        account,
        sum(cardinality(touch_ids)) as messages
    from chunk
    where state in ('open', 'waiting', 'stopped')
    group by channel, account
),

ranked as (
    -- Who has waited longest goes first.
    select
        decided.customer_id,
        decided.step,
        decided.occasion,
        decided.channel,
        decided.account,
        coalesce(pending.messages, 0) + row_number() over (
            partition by decided.channel, decided.account
            order by decided.latest_at, decided.customer_id, decided.occasion
        ) as number
    from decided
    left join pending
        on
            decided.channel = pending.channel
            and decided.account = pending.account
    where decided.decision = 'planned'
),

placed as (
    select
        ranked.customer_id,
        ranked.step,
        ranked.occasion,
        min(room.opens_at) filter (where ranked.number <= room.messages) as opens_at
    from ranked
    inner join room
        on ranked.channel = room.channel and ranked.account = room.account
    group by ranked.customer_id, ranked.step, ranked.occasion
)

update decided
set
    decision = case
        when placed.opens_at <= decided.latest_at then 'deferred' else 'skipped'
    end,
    reason = 'quota',
    detail = decided.channel || ' ' || decided.account,
    not_before = placed.opens_at,
    params = null
from placed
where
    decided.customer_id = placed.customer_id
    and decided.step = placed.step
    and decided.occasion = placed.occasion
    and placed.opens_at is distinct from cast(:as_of as timestamptz);
