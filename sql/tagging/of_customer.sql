-- Which tags does this customer carry?
select
    tag,
    value,
    origin,
    source,
    evidence,
    tagged_at,
    expires_at
from tags
where customer_id = :customer_id
order by origin, tag, source;
