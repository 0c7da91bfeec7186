-- What a shop's people are like: some refuse, some bounced, some heard from us lately.
update customers
set
    timezone = case customer_id % 10
        when 0 then 'America/New_York' when 1 then 'Europe/London'
    end,
    language = case when customer_id % 3 = 0 then 'en' else 'zh' end;

insert into consents (
    identifier_id, channel, purpose, is_granted, source, evidence, decided_at
)
select
    identifier_id,
    'email' as channel,
    'marketing' as purpose,
    false as is_granted,
    'bench' as source,
    'bench' as evidence,
    timestamptz '2027-02-01' as decided_at
from identifiers
where customer_id % 30 = 0;

insert into suppressions (channel, address, reason, evidence)
select
    'mail' as channel,
    value as address,
    'bounced' as reason,
    'bench' as evidence
from identifiers
where customer_id % 40 = 1;
