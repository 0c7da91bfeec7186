-- Write every decision into the ledger, once.
with owed as (
    -- What this campaign still owes to whom: later messages wait for it.
    select
        touch.customer_id,
        max(touch.touch_id) as touch_id
    from chunk
    inner join campaign_runs on chunk.campaign_run_id = campaign_runs.campaign_run_id
    cross join lateral unnest(chunk.touch_ids) as listed (touch_id)
    inner join touch on listed.touch_id = touch.touch_id
    where chunk.state != 'done' and campaign_runs.campaign = :campaign
    group by touch.customer_id
),

queued as (
    -- Several to one customer now: each waits for the one before it.
    select
        touch_id,
        lag(touch_id) over (partition by customer_id order by touch_id) as after_id
    from decided
    where cast(:has_several as boolean) and decision = 'planned'
)

insert into touch (
    touch_id, campaign_run_id, customer_id, identifier_id, after_id, not_before,
    latest_at, campaign, step, occasion, decision, reason, channel, account, address,
    language, key, params
)
select
    decided.touch_id,
    :run as campaign_run_id,
    decided.customer_id,
    decided.identifier_id,
    case
        when decided.decision = 'planned'
            then coalesce(queued.after_id, owed.touch_id)
    end as after_id,
    decided.not_before,
    decided.latest_at,
    :campaign,
    decided.step,
    decided.occasion,
    decided.decision,
    decided.reason,
    decided.channel,
    decided.account,
    decided.address,
    decided.language,
    touch_key(
        :campaign, decided.step, decided.occasion, decided.customer_id
    ) as key,
    decided.params
from decided
left join owed on decided.customer_id = owed.customer_id
left join queued on decided.touch_id = queued.touch_id
where not decided.is_again;
