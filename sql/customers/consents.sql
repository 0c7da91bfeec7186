-- What did this customer agree to or refuse, and which of it holds?
select distinct on (consents.purpose, consents.channel)
    case
        when consents.purpose = 'profiling' then 'profiling' else consents.channel
    end as subject,
    case when consents.is_granted then 'yes' else 'no' end as answer,
    consents.decided_at,
    consents.source,
    consents.evidence
from identifiers
inner join consents on identifiers.identifier_id = consents.identifier_id
where identifiers.customer_id = :customer_id
-- A yes and a no at the same moment are a no.
order by
    consents.purpose asc,
    consents.channel asc,
    consents.decided_at desc,
    consents.is_granted asc;
