-- Which open entries come after the last one, in the order of their numbers?
select *
from quarantine
where
    quarantine.resolved_at is null
    and (cast(:ids as bigint[]) is null or quarantine_id = any(cast(:ids as bigint[])))
    and (cast(:source as text) is null or source = :source)
    and (cast(:stream as text) is null or stream = :stream)
    and (cast(:batch_id as bigint) is null or batch_id = :batch_id)
    and (
        cast(:reason as text) is null
        or :reason = any(rules)
        or position(lower(:reason) in lower(array_to_string(reasons, ' '))) > 0
    )
    and quarantine_id > :last
    and quarantine_id <= :until
order by quarantine_id
limit :most
