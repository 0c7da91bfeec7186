-- Who got a message: the newest one, to look at?
select
    touch.customer_id,
    touch.campaign
from touch
inner join attempt on touch.touch_id = attempt.touch_id
order by touch.touch_id desc
limit 1
