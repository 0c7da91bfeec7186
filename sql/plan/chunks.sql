-- Give the planned messages out as work orders: large ones, but enough of them that
-- many workers have something to do.
with planned as materialized (
    -- Joined to nothing, so that a long list is unpacked once, not for every slice.
    select
        channel,
        account,
        not_before,
        zone,
        touch_ids || cast('{}' as bigint[]) as touch_ids,
        least(
            cast(:size as integer), greatest(100, cardinality(touch_ids) / 16 + 1)
        ) as size
    from tally
    where decision = 'planned'
)

insert into chunk (
    campaign_run_id, channel, account, state, not_before, zone, quiet_from, quiet_to,
    open_until, touch_ids
)
select
    :run as campaign_run_id,
    planned.channel,
    planned.account,
    :state,
    planned.not_before,
    planned.zone,
    cast(:quiet_from as time) as quiet_from,
    cast(:quiet_to as time) as quiet_to,
    opened.open_until,
    planned.touch_ids[
        part * planned.size + 1:(part + 1) * planned.size
    ] as touch_ids
from planned
left join (
    select distinct
        span.zone,
        span.open_until
    from span
) as opened on planned.zone = opened.zone
cross join
    lateral generate_series(
        0, (cardinality(planned.touch_ids) - 1) / planned.size
    ) as part
order by planned.touch_ids[part * planned.size + 1];
