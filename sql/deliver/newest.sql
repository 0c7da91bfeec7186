-- Up to which order are those that wait taken before their time?
select coalesce(max(chunk_id), 0) as newest
from chunk;
