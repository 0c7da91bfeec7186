-- Which tags are there, in the columns that `regulars tags add --file` reads?
select
    customer_id as customer,
    tag,
    value,
    expires_at
from tags
where
    (cast(:tag as text) is null or tag = :tag)
    and (cast(:origin as text) is null or origin = :origin)
order by tag, customer_id;
