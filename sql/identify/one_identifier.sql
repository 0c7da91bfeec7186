-- Which identifiers have this kind and value, in any scope?
select
    identifier_id,
    scope,
    customer_id,
    is_junk,
    junk_reason
from identifiers
where kind = :kind and value = :value;
