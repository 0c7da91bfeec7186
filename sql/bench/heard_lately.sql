-- What every tenth customer was sent two days ago, by another campaign.
with sent as (
    insert into campaign_runs (campaign, as_of, version, latest_delay)
    values ('earlier', timestamptz '2027-02-27 04:00Z', 'bench', interval '3 days')
    returning campaign_run_id
),

heard as (
    insert into touch (
        campaign_run_id, customer_id, not_before, latest_at, campaign, step, occasion,
        decision, channel, account, address, key
    )
    select
        sent.campaign_run_id,
        customers.customer_id,
        timestamptz '2027-02-27 04:00Z' as not_before,
        timestamptz '2027-03-02 04:00Z' as latest_at,
        'earlier' as campaign,
        'hello' as step,
        'earlier' as occasion,
        'planned' as decision,
        'mail' as channel,
        'shop' as account,
        'bench' as address,
        touch_key('earlier', 'hello', 'earlier', customers.customer_id) as key
    from customers
    cross join sent
    where customers.customer_id % 10 = 5
    returning touch_id
)

insert into outcome (touch_id, happened_at, number, outcome)
select
    touch_id,
    timestamptz '2027-02-27 05:00Z' as happened_at,
    1 as number,
    'accepted' as outcome
from heard;
