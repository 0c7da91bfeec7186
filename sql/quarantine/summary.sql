-- Why are records in quarantine, and how many?
select
    source,
    stream,
    broken.rule,
    count(*) as entries
from quarantine
cross join unnest(rules) as broken (rule)
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
group by source, stream, broken.rule
order by entries desc, source asc, stream asc, broken.rule asc
