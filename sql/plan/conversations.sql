-- Who has opened a conversation, by which identifier, with messages left in it; and
-- until when is it open?
create temporary table conversation on commit drop as
select
    interactions.identifier_id,
    way.way,
    max(interactions.happened_at + opening.within) as closes_at
from way
cross join
    lateral jsonb_to_recordset(way.windows)
        as opening (kinds text[], messages integer, within interval)
inner join interactions
    on
        interactions.kind = any(opening.kinds)
        and interactions.happened_at > :as_of - opening.within
        and interactions.happened_at <= :as_of
where
    interactions.customer_id in (select due.customer_id from due)
    and opening.messages > (
        select count(*)
        from touch
        left join lateral (
            select
                bool_or(outcome.outcome in ('skipped', 'failed', 'dead')) as is_over,
                min(outcome.happened_at) filter (
                    where outcome.outcome = 'accepted'
                ) as accepted_at
            from outcome
            where outcome.touch_id = touch.touch_id
        ) as fate on true
        where
            touch.customer_id = interactions.customer_id
            and touch.identifier_id = interactions.identifier_id
            and touch.channel = way.channel
            and touch.account = way.account
            and touch.decision = 'planned'
            -- Sent since, or still on its way.
            and coalesce(
                fate.accepted_at >= interactions.happened_at,
                not coalesce(fate.is_over, false) and touch.latest_at >= :as_of
            )
    )
group by interactions.identifier_id, way.way;

create unique index on conversation (identifier_id, way);

analyze conversation;
