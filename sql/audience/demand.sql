-- Who was asked what they like, and what did they say with their own code?
with asked as (
    select
        touch.customer_id,
        touch.params ->> 'code' as code,
        touch.params ->> 'size' as size
    from touch
    inner join touch_state on touch.touch_id = touch_state.touch_id
    where
        touch.campaign = :campaign
        and touch.step = :step
        and touch_state.state in ('accepted', 'delivered')
),

likes as (
    -- The same person counts once for the same thing.
    select distinct
        asked.customer_id,
        asked.size,
        coalesce(nullif(interactions.body, ''), 'anything') as liked
    from asked
    inner join interactions
        on asked.code = interactions.code and interactions.kind = 'like'
    where interactions.happened_at <= :as_of
)

select
    grouped.liked,
    grouped.size,
    coalesce(grouped.people, 0) as people,
    (select count(*) from asked) as asked,
    (select count(distinct likes.customer_id) from likes) as answered
-- One row also where nobody has answered yet.
from (values (true)) as always (is_there)
left join (
    select
        said.liked,
        said.size,
        count(*) as people
    from likes as said
    group by said.liked, said.size
) as grouped on always.is_there
order by people desc, liked asc, size asc;
