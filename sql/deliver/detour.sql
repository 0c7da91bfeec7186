-- By which later channel of its campaign can this message still go?
with ways as (
    select
        touch.touch_id,
        runs.campaign_run_id,
        way.channel,
        way.kind,
        way.consent_name,
        way.account,
        way.scope,
        way.position,
        touch.customer_id,
        runs.purpose
    from touch
    inner join campaign_runs as runs
        on
            coalesce(touch.replanned_in, touch.campaign_run_id)
            = runs.campaign_run_id
    cross join
        lateral jsonb_to_recordset(runs.ways)
            as way (
                position integer,
                channel text,
                kind text,
                consent_name text,
                account text,
                scope text
            )
    where
        touch.touch_id = :touch
        and way.position > (
            select max(tried.position)
            from
                jsonb_to_recordset(runs.ways)
                    as tried (
                        position integer, channel text
                    )
            where tried.channel = :channel
        )
),

usable as (
    select
        ways.touch_id,
        ways.campaign_run_id,
        ways.channel,
        ways.account,
        identifiers.identifier_id,
        identifiers.value as address
    from ways
    inner join identifiers
        on
            ways.customer_id = identifiers.customer_id
            and ways.kind = identifiers.kind
            and (ways.scope is null or ways.scope = identifiers.scope)
            and not identifiers.is_junk
    where
        coalesce(
            latest_consent(
                identifiers.identifier_id, ways.consent_name, ways.purpose
            ),
            ways.purpose = 'service'
        )
        and not exists (
            select
            from suppressions
            where
                suppressions.channel = ways.channel
                and suppressions.address = identifiers.value
                and suppressions.released_at is null
        )
    order by ways.position asc, identifiers.identifier_id desc, ways.account asc
    limit 1
),

turned as (
    insert into detour (
        touch_id, number, channel, account, address, identifier_id, reason
    )
    select
        touch_id,
        :number,
        channel,
        account,
        address,
        identifier_id,
        :reason
    from usable
    on conflict do nothing
    returning touch_id
),

ordered as (
    insert into chunk (
        campaign_run_id, channel, account, kind, not_before, hold, zone,
        quiet_from, quiet_to, open_until, touch_ids
    )
    select
        usable.campaign_run_id,
        usable.channel,
        usable.account,
        'retry' as kind,
        :at as not_before,
        :reason as hold,
        origin.zone,
        origin.quiet_from,
        origin.quiet_to,
        origin.open_until,
        array[usable.touch_id] as touch_ids
    from usable
    inner join turned on usable.touch_id = turned.touch_id
    left join chunk as origin on cast(:chunk as bigint) = origin.chunk_id
)

select touch_id
from turned;
