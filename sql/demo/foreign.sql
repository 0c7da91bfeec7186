-- Which sources does this database hold that are none of these?
select distinct batch.source
from batch
where batch.source != all(cast(:known as text[]))
order by batch.source
