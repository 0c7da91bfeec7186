-- Whose friend came with their code, bought something and kept it?
with bought as (
    select
        came_by.customer_id as friend_id,
        came_by.referrer_id,
        came_by.happened_at as came_at,
        min(coalesce(orders.finished_at, orders.updated_at)) as arrived_at
    from came_by
    inner join orders on came_by.customer_id = orders.customer_id
    where
        came_by.referrer_id is not null
        and orders.status = 'finished'
    group by came_by.customer_id, came_by.referrer_id, came_by.happened_at
)

select
    facts.customer_id,
    'friend ' || bought.friend_id as occasion,
    bought.arrived_at + :wait as anchor_at,

    bought.arrived_at + :wait <= :as_of as had_time_to_send_it_back,
    friends.first_order_at >= bought.came_at as friend_is_new,
    friends.spent > 0 as was_kept,
    friends.open_refunds = 0 as friend_has_no_open_refund,
    facts.open_refunds = 0 as has_no_open_refund,

    facts.name
from bought
inner join customer_facts as facts on bought.referrer_id = facts.customer_id
inner join customer_facts as friends on bought.friend_id = friends.customer_id
