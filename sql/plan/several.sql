-- Has anybody several messages to be decided on, and are some decided again?
select
    count(distinct customer_id) < count(*) as has_several,
    coalesce(bool_or(standing = 'again'), false) as has_again
from due
where standing in ('new', 'again');
