-- Which stored facts are not what they would be computed to now?
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
order by either.customer_id, facts.key
limit :most;
