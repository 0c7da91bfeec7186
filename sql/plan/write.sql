-- Write every decision into the ledger, once, and count what was decided.
create temporary table tally (
    decision text,
    reason text,
    detail text,
    channel text,
    account text,
    not_before timestamptz,
    zone text,
    number bigint,
    cost numeric,
    touch_ids bigint[]
) on commit drop;

-- A list of a million, about to be cut in pieces: to pack it takes a tenth of the time.
alter table tally alter column touch_ids set storage external;

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
        not cast(:is_launch as boolean)
        and chunk.state != 'done'
        and campaign_runs.campaign = :campaign
    group by touch.customer_id
),

written as (
    insert into touch (
        campaign_run_id, customer_id, identifier_id, after_id, not_before, latest_at,
        campaign, step, occasion, decision, reason, detail, channel, account, address,
        language, zone, key, params, cost
    )
    select
        :run as campaign_run_id,
        decided.customer_id,
        decided.identifier_id,
        case when decided.decision = 'planned' then owed.touch_id end as after_id,
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
    left join owed
        on
            not cast(:is_launch as boolean)
            and decided.customer_id = owed.customer_id
    where decided.known_id is null
    -- In the order of a customer's steps, where anybody has several.
    order by
        case when cast(:has_several as boolean) then decided.customer_id end,
        case when cast(:has_several as boolean) then decided.position end,
        case when cast(:has_several as boolean) then decided.occasion end
    returning
        touch_id, decision, reason, detail, channel, account, not_before, zone,
        cost
)

insert into tally
select
    decision,
    reason,
    detail,
    channel,
    account,
    not_before,
    zone,
    count(*) as number,
    sum(cost) as cost,
    array_agg(touch_id) filter (where decision = 'planned') as touch_ids
from written
group by decision, reason, detail, channel, account, not_before, zone;

set local enable_hashjoin = on;
