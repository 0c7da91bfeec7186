-- Which people of the audience stand for one language, the same ones every time?
select
    candidate.customer_id,
    candidate.occasion,
    candidate.params,
    customer_facts.language,
    customer_facts.email
from pg_temp.candidate
left join customer_facts on candidate.customer_id = customer_facts.customer_id
where
    candidate.in_audience
    and (
        (
            cast(:language as text) = ''
            and coalesce(split_part(lower(customer_facts.language), '-', 1), '')
            != all(cast(:others as text[]))
        )
        or split_part(lower(customer_facts.language), '-', 1) = :language
    )
order by hashint8(candidate.customer_id), candidate.occasion
limit :wanted;
