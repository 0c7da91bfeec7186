-- Why did no intent come of these?
select
    wanted.touch_id,
    case
        when exists (
            select
            from suppressions
            where
                suppressions.channel = :channel
                and suppressions.address = wanted.address
                and suppressions.released_at is null
        ) then 'suppressed'
        when not coalesce(
            latest_consent(wanted.identifier_id, :consent_name, :purpose), true
        ) then 'no_consent'
        when
            cast(:profiling as boolean)
            and not latest_consent(wanted.identifier_id, '', 'profiling')
            then 'no_profiling'
        when exists (
            select
            from attempt
            where
                attempt.touch_id = wanted.touch_id
                and attempt.number = wanted.number
        ) then 'taken'
        else 'after_another'
    end as reason
from unnest(
    cast(:ids as bigint[]), cast(:numbers as smallint[]),
    cast(:addresses as text[]), cast(:identifiers as bigint[])
) as wanted (touch_id, number, address, identifier_id);
