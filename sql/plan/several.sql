-- Has anybody several messages to be decided on, and are some decided again? And are
-- they so many that all customers are better read than each of them looked up?
select
    count(distinct customer_id) < count(*) as has_several,
    coalesce(bool_or(standing = 'again'), false) as has_again,
    count(*) > coalesce(known_rows('customers') / 4, 'infinity') as is_broad
from due
where standing in ('new', 'again');
