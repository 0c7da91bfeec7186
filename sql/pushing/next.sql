-- Which changes are next?
select
    change_no,
    identifier_id,
    person,
    label,
    is_added
from label_change
where change_no > :last
order by change_no
limit :most
