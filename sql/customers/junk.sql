-- Which identifiers are nobody's?
select
    kind,
    scope,
    value,
    junk_reason
from identifiers
where is_junk
order by identifier_id desc
limit :most;
