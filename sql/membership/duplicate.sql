-- Which customer is a member more than once?
select customer_id
from judged
where is_member and segment = :segment
group by customer_id
having count(*) > 1
order by customer_id
limit 1;
