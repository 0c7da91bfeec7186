-- Write every decision into the ledger, once.
with open_work as (
    select unnest(chunk.touch_ids) as touch_id
    from chunk
    inner join campaign_runs on chunk.campaign_run_id = campaign_runs.campaign_run_id
    where chunk.state != 'done' and campaign_runs.campaign = :campaign
),

unsettled as (
    -- What this campaign still owes to whom: later steps wait for it.
    select
        touch.customer_id,
        max(touch.touch_id) as touch_id
    from open_work
    inner join touch on open_work.touch_id = touch.touch_id
    group by touch.customer_id
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
            then
                coalesce(
                    lag(decided.touch_id) over (
                        partition by decided.customer_id, decided.decision
                        order by decided.touch_id
                    ),
                    unsettled.touch_id
                )
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
left join unsettled on decided.customer_id = unsettled.customer_id
where not decided.is_again
order by decided.customer_id, decided.touch_id;
