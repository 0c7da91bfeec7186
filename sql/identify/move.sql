-- Hand over what belonged to merged customers, and what belonged to nobody yet.
update identifiers
set customer_id = merged.kept_id
from merged
where identifiers.customer_id = merged.merged_id;

update identifiers
set customer_id = owners.customer_id
from nodes
inner join owners on nodes.label = owners.label
where nodes.node >= :new_from and identifiers.identifier_id = nodes.node - :new_from;

update identifier_links
set processed_at = :as_of
from fresh_links
where identifier_links.link_id = fresh_links.link_id;

update orders
set customer_id = merged.kept_id
from merged
where orders.customer_id = merged.merged_id;

update refunds
set customer_id = merged.kept_id
from merged
where refunds.customer_id = merged.merged_id;

update reviews
set customer_id = merged.kept_id
from merged
where reviews.customer_id = merged.merged_id;

update interactions
set customer_id = merged.kept_id
from merged
where interactions.customer_id = merged.merged_id;

-- Rule and platform tags are found again from what the customer now is.
update tags
set customer_id = merged.kept_id
from merged
where tags.customer_id = merged.merged_id;

-- Two plans for the same occasion of what is now one person: the first one stands,
-- any other one that nobody has begun to send does not go out.
with members as (
    select
        customers.customer_id,
        coalesce(customers.merged_into, customers.customer_id) as kept_id
    from customers
    where
        customers.customer_id in (select kept_id from merged)
        or customers.merged_into in (select kept_id from merged)
),

planned as (
    select
        touch.touch_id,
        touch.decision,
        attempt.touch_id is not null as is_begun,
        row_number() over (
            partition by
                members.kept_id, touch.campaign, touch.step, touch.occasion
            order by attempt.touch_id is null, touch.touch_id
        ) as position
    from members
    inner join touch on members.customer_id = touch.customer_id
    left join attempt on touch.touch_id = attempt.touch_id and attempt.number = 1
    where touch.decision = 'planned'
)

insert into outcome (touch_id, happened_at, number, outcome, reason)
select
    touch_id,
    :as_of as happened_at,
    0 as number,
    'skipped' as outcome,
    'merged' as reason
from planned
where
    position > 1
    and not is_begun
    and not exists (
        select from outcome
        where outcome.touch_id = planned.touch_id
    );

insert into touched_customers (customer_id)
select merged_id from merged
union
select kept_id from merged;

select
    count(*) filter (where label >= :new_from) as new_customers,
    (select count(*) from merged) as merged
from owners;
