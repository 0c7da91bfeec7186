-- Keep what a callback brought, until a run stages it; once, however often it comes.
insert into inbox (source, stream, digest, raw, received_at)
select
    cast(:source as text) as source,
    pushed.stream,
    md5(pushed.raw) as digest,
    cast(pushed.raw as json) as raw,
    cast(:now as timestamptz) as received_at
from
    unnest(cast(:streams as text[]), cast(:raws as text[]))
    with ordinality as pushed (stream, raw, place)
order by pushed.place
on conflict on constraint inbox_once do nothing
