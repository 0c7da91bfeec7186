-- The next work order that is due and that nobody else is at.
with due as (
    -- In the order of their index: sorted, it would cost more the more there is to
    -- send. Enough of them, so that each of many workers finds one that is left.
    select
        chunk.chunk_id,
        chunk.lease_id
    from chunk
    where
        chunk.state = 'open'
        and chunk.channel = :channel
        and chunk.account = :account
        and chunk.kind = any(cast(:kinds as text[]))
        and chunk.not_before <= case
            when :newest > 0 then 'infinity' else cast(:now as timestamptz)
        end
        -- Not as the sum of two conditions: Postgres would look for both, and sort.
        and case
            when chunk.chunk_id > :newest then chunk.not_before <= :now else true
        end
        and coalesce(
            (
                select lease.ends_at
                from lease
                where lease.lease_id = chunk.lease_id
            ) <= clock_timestamp(),
            true
        )
        and not exists (
            select
            from sending_accounts as resting
            where
                resting.channel = :channel
                and resting.account = :account
                and (
                    resting.stopped_at is not null
                    or resting.paused_until > clock_timestamp()
                )
        )
    order by chunk.not_before, chunk.chunk_id
    limit 100
),

next_one as (
    -- Not ordered anew: that would lock them all.
    select
        free.chunk_id,
        due.lease_id as lease_before
    from due
    inner join lateral (
        -- Another worker may have taken it since: when Postgres then looks at the row
        -- again, only what is asked of the row itself is asked anew.
        select chunk.chunk_id
        from chunk
        where
            chunk.chunk_id = due.chunk_id
            and chunk.lease_id is not distinct from due.lease_id
            and chunk.state = 'open'
            and (chunk.not_before <= :now or chunk.chunk_id <= :newest)
        for update skip locked
    ) as free on true
    limit 1 -- noqa: AM09
)

update chunk
set lease_id = :lease
from next_one
where chunk.chunk_id = next_one.chunk_id
returning
    chunk.chunk_id,
    chunk.campaign_run_id,
    chunk.kind,
    chunk.tries,
    cast(chunk.touch_ids as text) as touch_ids,
    chunk.zone,
    chunk.quiet_from,
    chunk.quiet_to,
    chunk.open_until,
    next_one.lease_before is null
    and chunk.kind = 'first'
    and chunk.hold is null as is_fresh,
    coalesce(
        (
            select sending_accounts.failures_in_a_row
            from sending_accounts
            where
                sending_accounts.channel = :channel
                and sending_accounts.account = :account
        ),
        0
    ) as failures;
