-- Which limits are known, with which text, and since when?
select
    threshold,
    question,
    value,
    digest,
    taken_at
from thresholds
order by threshold;
