-- A ledger of so many messages in orders of a hundred, and how many of these were sent.
with born as (
    insert into touch (
        campaign_run_id, customer_id, identifier_id, campaign, step, occasion,
        decision, channel, account, address, key, params
    )
    select
        1 as campaign_run_id,
        place as customer_id,
        place as identifier_id,
        'crowd' as campaign,
        'hello' as step,
        'bench' as occasion,
        'planned' as decision,
        'mail' as channel,
        'shop' as account,
        'c' || place || '@example.org' as address,
        touch_key('crowd', 'hello', 'bench', place) as key,
        jsonb_build_object('name', '顾客 ' || place) as params
    from generate_series(cast(1 as bigint), :messages) as place
    returning touch_id, customer_id
)

insert into chunk (channel, account, not_before, touch_ids)
select
    'mail' as channel,
    'shop' as account,
    timestamptz '2027-03-01' as not_before,
    array_agg(touch_id order by touch_id) as touch_ids
from born
group by (customer_id - 1) / 100;

insert into attempt (touch_id, lease_id, number)
select
    touch_id,
    1 as lease_id,
    1 as number
from touch
where customer_id <= :sent;

insert into outcome (touch_id, happened_at, number, outcome)
select
    touch_id,
    now() as happened_at,
    1 as number,
    'accepted' as outcome
from touch
where customer_id <= :sent;

update chunk
set state = 'done', lease_id = 1
where chunk_id in (
    select chunk.chunk_id
    from chunk
    inner join attempt on chunk.touch_ids[1] = attempt.touch_id
);
