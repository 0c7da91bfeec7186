-- By which campaign or channel of ours did they come, or through which friend?
select
    customer_id,
    case
        when referrer_id is not null then 'friend'
        else coalesce(campaign, channel)
    end as value,
    'code ' || code as evidence
from came_by
