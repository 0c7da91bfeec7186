-- How much was pushed and waits to be staged, stream by stream?
select
    source,
    stream,
    count(*) as records,
    min(received_at) as oldest_at
from inbox
group by source, stream
order by source, stream
