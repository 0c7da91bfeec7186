-- What was pushed to the stream first? It leaves the inbox with this transaction.
with first as materialized (
    select inbox_id
    from inbox
    where source = :source and stream = :stream
    order by inbox_id
    limit :most
),

taken as (
    delete from inbox
    using first
    where inbox.inbox_id = first.inbox_id
    returning inbox.inbox_id, inbox.raw
)

select raw
from taken
order by inbox_id
