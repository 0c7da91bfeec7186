-- Invented customers, each with an e-mail address and consent.
with born as (
    insert into customers (name)
    select '顾客 ' || number
    from generate_series(1, cast(:people as integer)) as number
    returning customer_id
),

known as (
    insert into identifiers (kind, scope, value, customer_id)
    select
        'email' as kind,
        '' as scope,
        'c' || customer_id || '@example.org' as value,
        customer_id
    from born
    returning identifier_id
)

insert into consents (
    identifier_id, channel, purpose, is_granted, source, evidence, decided_at
)
select
    identifier_id,
    'email' as channel,
    'marketing' as purpose,
    true as is_granted,
    'bench' as source,
    'bench' as evidence,
    timestamptz '2027-01-01' as decided_at
from known;
