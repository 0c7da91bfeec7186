-- Which stored facts, and which stored words of customers, are not what they would be
-- computed to now? Whoever said something since is not known wrongly, but not yet.
with stored as (
    select customer_facts.*
    from chosen
    inner join customer_facts on chosen.customer_id = customer_facts.customer_id
),

either as (
    select
        'computed' as side,
        only_computed.*
    from (
        select * from computed
        except
        select * from stored
    ) as only_computed
    union all
    select
        'stored' as side,
        only_stored.*
    from (
        select * from stored
        except
        select * from computed
    ) as only_stored
),

said as (
    select
        customers.customer_id,
        fact.name as fact,
        fact.stored::text as stored,
        coalesce(fact.computed, '{}')::text as computed
    from chosen
    inner join customers on chosen.customer_id = customers.customer_id
    left join (
        select *
        from agreements
        where customer_id = any(array(select customer_id from chosen))
    ) as agreements on customers.customer_id = agreements.customer_id
    cross join
        lateral (
            values
            ('agreed_to', customers.agreed_to, agreements.agreed_to),
            ('refused', customers.refused, agreements.refused)
        ) as fact (name, stored, computed)
    where
        customers.merged_into is null
        and fact.stored != coalesce(fact.computed, '{}')
        and customers.customer_id not in (
            select identifiers.customer_id
            from identifiers_to_read
            inner join identifiers
                on identifiers_to_read.identifier_id = identifiers.identifier_id
            where identifiers.customer_id is not null
        )
)

select
    either.customer_id,
    facts.key as fact,
    max(facts.value) filter (where either.side = 'stored') as stored,
    max(facts.value) filter (where either.side = 'computed') as computed
from either
cross join lateral jsonb_each_text(to_jsonb(either) - 'side' - 'computed_at') as facts
group by either.customer_id, facts.key
having
    max(facts.value) filter (where either.side = 'stored')
    is distinct from max(facts.value) filter (where either.side = 'computed')
union all
select * from said
order by customer_id, fact
limit :most;
