-- Write every decision into the ledger, once.

-- All of it is in the order of the customers: merging needs no tables of hashes.
set local enable_hashjoin = off;

with owed as (
    -- What this campaign still owes to whom: later messages wait for it.
    select
        touch.customer_id,
        max(touch.touch_id) as touch_id
    from chunk
    inner join campaign_runs on chunk.campaign_run_id = campaign_runs.campaign_run_id
    cross join lateral unnest(chunk.touch_ids) as listed (touch_id)
    inner join touch on listed.touch_id = touch.touch_id
    where
        chunk.state != 'done'
        and campaign_runs.campaign = :campaign
    group by touch.customer_id
)

insert into touch (
    campaign_run_id, customer_id, identifier_id, after_id, not_before, latest_at,
    campaign, step, occasion, decision, reason, detail, channel, account, address,
    language, zone, key, params, cost
)
select
    :run as campaign_run_id,
    decided.customer_id,
    decided.identifier_id,
    -- At a launch nothing is selected of it, and Postgres leaves out the join.
    case
        when not cast(:is_launch as boolean) and decided.decision = 'planned'
            then owed.touch_id
    end as after_id,
    decided.not_before,
    decided.latest_at,
    :campaign,
    decided.step,
    decided.occasion,
    decided.decision,
    decided.reason,
    decided.detail,
    decided.channel,
    decided.account,
    decided.address,
    decided.language,
    decided.zone,
    touch_key(
        :campaign, decided.step, decided.occasion, decided.customer_id
    ) as key,
    decided.params,
    case when decided.decision = 'planned' then decided.price end as cost
from decided
left join owed on decided.customer_id = owed.customer_id
where decided.known_id is null
-- In the order of a customer's steps, where anybody has several.
order by
    case when cast(:has_several as boolean) then decided.customer_id end,
    case when cast(:has_several as boolean) then decided.position end,
    case when cast(:has_several as boolean) then decided.occasion end;

set local enable_hashjoin = on;
