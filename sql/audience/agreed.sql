-- To which of these has anybody agreed at all, and has anybody been asked?
select
    asked.consent_name,
    exists(
        select 1
        from consents
        where
            consents.channel = asked.consent_name
            and consents.purpose = 'marketing'
            and consents.is_granted
    ) as is_agreed,
    exists(select 1 from customer_facts) as is_anybody_known
from unnest(cast(:consent_names as text[])) as asked (consent_name)
