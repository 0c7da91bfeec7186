-- Count the failures in a row; too many let the account rest, longer each time.
update sending_accounts
set
    failures_in_a_row = counted.failures,
    paused_until = greatest(
        paused_until,
        case
            when cast(:failures as integer) > 0 and counted.failures >= :stop_after
                then
                    clock_timestamp() + cast(:rest as interval) * power(
                        2, least(6, counted.failures / cast(:stop_after as integer) - 1)
                    )
        end,
        clock_timestamp() + cast(:pause as interval)
    ),
    stopped_at = coalesce(
        stopped_at,
        case when cast(:broken as text) is not null then clock_timestamp() end
    ),
    stopped_because = coalesce(stopped_because, cast(:broken as text))
from (
    select
        cast(:failures as integer)
        + case when :is_all then before.failures_in_a_row else 0 end as failures
    from sending_accounts as before
    where before.channel = :channel and before.account = :account
) as counted
where channel = :channel and account = :account
returning
    stopped_at is not null or coalesce(paused_until > clock_timestamp(), false)
        as is_resting;
