-- What became of the rows that an earlier run deferred?
with written as (
    update touch
    set
        decision = decided.decision,
        reason = decided.reason,
        detail = decided.detail,
        not_before = decided.not_before,
        identifier_id = decided.identifier_id,
        channel = decided.channel,
        account = decided.account,
        address = decided.address,
        language = decided.language,
        zone = decided.zone,
        params = decided.params,
        cost = case when decided.decision = 'planned' then decided.price end,
        latest_at = decided.latest_at,
        replanned_in = :run
    from decided
    where touch.touch_id = decided.known_id
    returning
        touch.touch_id, touch.decision, touch.reason, touch.detail, touch.channel,
        touch.account, touch.not_before, touch.zone, touch.cost
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
    array_agg(touch_id order by touch_id)
    filter (where decision = 'planned') as touch_ids
from written
group by decision, reason, detail, channel, account, not_before, zone;
