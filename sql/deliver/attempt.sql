-- Note the intent to send, for those who may still be written to at this moment.
with wanted as (
    select *
    from unnest(
        cast(:ids as bigint[]), cast(:numbers as smallint[]),
        cast(:addresses as text[]), cast(:identifiers as bigint[]),
        cast(:afters as bigint[])
    ) as wanted (touch_id, number, address, identifier_id, after_id)
),

asked as materialized (
    select
        identifier_id,
        customer_id
    from identifiers
    where identifier_id = any(cast(:identifiers as bigint[]))
),

hers as materialized (
    select
        identifier_id,
        customer_id
    from identifiers
    where customer_id = any(array(select asked.customer_id from asked))
),

unwilling as materialized (
    -- Who has ever said no: few have. Only of these is the whole story read.
    select asked.identifier_id
    from asked
    where
        asked.customer_id in (
            select hers.customer_id
            from hers
            inner join consents on hers.identifier_id = consents.identifier_id
            where
                consents.identifier_id = any(
                    array(select every.identifier_id from hers as every)
                )
                and not consents.is_granted
                and (consents.channel, consents.purpose) in (
                    (:consent_name, :purpose), ('', 'profiling')
                )
        )
),

refused as materialized (
    select identifier_id
    from unwilling
    where
        not latest_consent(identifier_id, :consent_name, :purpose)
        or (
            cast(:profiling as boolean)
            and not latest_consent(identifier_id, '', 'profiling')
        )
)

insert into attempt (touch_id, number, lease_id)
select
    touch_id,
    number,
    :lease as lease_id
from wanted
where
    not exists (
        select
        from suppressions
        where
            suppressions.channel = :channel
            and suppressions.address = wanted.address
            and suppressions.released_at is null
    )
    and not exists (
        select
        from refused
        where refused.identifier_id = wanted.identifier_id
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
