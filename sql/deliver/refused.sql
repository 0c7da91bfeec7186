-- Who of these may not be written to at this moment, by identifier_id or address; most
-- often nobody. Then of the messages that others of these wait for, which are settled;
-- and what was meant to be sent before, which alone is no reason.
-- Each looks up a list, so that an index answers it, whatever was known when this was
-- planned.
with refusing as materialized (
    -- Who has ever said no: few have. Only of these is the whole story read.
    select distinct identifiers.customer_id
    from consents
    inner join identifiers on consents.identifier_id = identifiers.identifier_id
    where
        consents.identifier_id = any(
            array(
                select hers.identifier_id
                from identifiers as hers
                where
                    hers.customer_id = any(
                        array(
                            select asked.customer_id
                            from identifiers as asked
                            where
                                asked.identifier_id
                                = any(cast(:identifiers as bigint[]))
                        )
                    )
            )
        )
        and not consents.is_granted
        and (consents.channel, consents.purpose) in (
            (:consent_name, :purpose), ('', 'profiling')
        )
),

unwilling as materialized (
    select identifier_id
    from identifiers
    where
        customer_id = any(array(select refusing.customer_id from refusing))
        and identifier_id = any(cast(:identifiers as bigint[]))
)

select
    'suppressed' as what,
    cast(null as bigint) as id,
    address
from suppressions
where
    channel = :channel
    and address = any(cast(:addresses as text[]))
    and released_at is null

union all

select
    'no_consent' as what,
    identifier_id as id,
    null as address
from unwilling
where not latest_consent(identifier_id, :consent_name, :purpose)

union all

select
    'no_profiling' as what,
    identifier_id as id,
    null as address
from unwilling
where
    cast(:profiling as boolean)
    and not latest_consent(identifier_id, '', 'profiling')

union all

select
    'settled' as what,
    touch_id as id,
    null as address
from outcome
where
    touch_id = any(cast(:afters as bigint[]))
    and outcome not in ('not_sent', 'retry')

union all

select
    'noted' as what,
    touch_id as id,
    null as address
from attempt
where touch_id = any(cast(:ids as bigint[]));
