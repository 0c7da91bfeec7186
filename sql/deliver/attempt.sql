-- Note the intent to send, for those who may still be written to at this moment.
insert into attempt (touch_id, number, lease_id)
select
    wanted.touch_id,
    wanted.number,
    :lease
from
    unnest(
        cast(:ids as bigint[]), cast(:numbers as smallint[]),
        cast(:addresses as text[]), cast(:identifiers as bigint[]),
        cast(:afters as bigint[])
    ) as wanted (touch_id, number, address, identifier_id, after_id)
where
    not exists (
        select
        from suppressions
        where
            suppressions.channel = :channel
            and suppressions.address = wanted.address
            and suppressions.released_at is null
    )
    and coalesce(
        latest_consent(wanted.identifier_id, :consent_name, :purpose), true
    )
    and (
        wanted.after_id is null
        or exists (
            select
            from outcome
            where
                outcome.touch_id = wanted.after_id
                and outcome.outcome not in ('not_sent', 'retry')
        )
    )
on conflict do nothing
returning touch_id;
