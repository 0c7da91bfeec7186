-- What does a customer say to staff that we did not know yet?
insert into consents (
    identifier_id, channel, purpose, is_granted, source, evidence, decided_at
)
select
    identifiers.identifier_id,
    asked.channel,
    :purpose,
    cast(:is_granted as boolean) as is_granted,
    'staff' as source,
    :evidence,
    :now as decided_at
from identifiers
cross join unnest(cast(:channels as text[])) as asked (channel)
where
    identifiers.customer_id = :customer_id
    and not identifiers.is_junk
    -- For a yes the first of her identifiers speaks, for a no all of them.
    and (
        not cast(:is_granted as boolean)
        or identifiers.identifier_id = (
            select min(hers.identifier_id)
            from identifiers as hers
            where hers.customer_id = :customer_id and not hers.is_junk
        )
    )
    and latest_consent(identifiers.identifier_id, asked.channel, :purpose)
    is distinct from cast(:is_granted as boolean)
returning channel;
