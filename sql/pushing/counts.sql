-- How many people get or lose each label?
select
    label,
    count(*) filter (where is_added) as added,
    count(*) filter (where not is_added) as removed
from label_change
group by label
order by label
