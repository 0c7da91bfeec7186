-- Give the planned messages out as work orders, a customer's own in one of them.
insert into chunk (
    campaign_run_id, channel, account, state, not_before, zone, quiet_from, quiet_to,
    open_until, touch_ids
)
select
    :run as campaign_run_id,
    channel,
    account,
    :state,
    not_before,
    zone,
    cast(:quiet_from as time) as quiet_from,
    cast(:quiet_to as time) as quiet_to,
    open_until,
    array_agg(touch_id order by touch_id) as touch_ids
from (
    select
        *,
        (
            row_number() over (
                partition by channel, account, not_before, zone order by touch_id
            ) - 1
        ) / cast(:size as integer) as part
    from decided
    where decision = 'planned'
) as numbered
group by channel, account, not_before, zone, open_until, part
order by min(touch_id);
