-- Which of the steps that are asked about have become needless, and by what?
create temporary table exited on commit drop as
select *
from (
    select
        asked.touch_id,
        asked.customer_id,
        asked.occasion,
        asked.step,
        case
            when
                'goal' = any(asked.unless)
                and case asked.goal
                    when 'order'
                        then
                            exists (
                                select
                                from orders
                                where
                                    orders.customer_id = asked.customer_id
                                    and orders.ordered_at > asked.anchor_at
                                    and orders.ordered_at <= :as_of
                                    and orders.status not in (
                                        'unpaid', 'cancelled', 'refunded'
                                    )
                            )
                    when 'review'
                        then
                            exists (
                                select
                                from reviews
                                where
                                    reviews.customer_id = asked.customer_id
                                    and reviews.reviewed_at > asked.anchor_at
                                    and reviews.reviewed_at <= :as_of
                            )
                    when 'interaction' then exists (
                        select
                        from interactions
                        where
                            interactions.customer_id = asked.customer_id
                            and interactions.happened_at > asked.anchor_at
                            and interactions.happened_at <= :as_of
                            and interactions.kind != 'unfollow'
                    )
                end
                then 'goal_reached'
            when
                'refunded' = any(asked.unless)
                and exists (
                    select
                    from refunds
                    where
                        refunds.customer_id = asked.customer_id
                        and refunds.status in ('open', 'refunded')
                        and refunds.requested_at <= :as_of
                        and (
                            refunds.requested_at > asked.anchor_at
                            or cast(refunds.order_id as text) = asked.occasion
                        )
                )
                then 'refunded'
            when
                'replied' = any(asked.unless)
                and (
                    exists (
                        select
                        from interactions
                        where
                            interactions.customer_id = asked.customer_id
                            and interactions.happened_at > asked.anchor_at
                            and interactions.happened_at <= :as_of
                            and interactions.kind in ('message', 'reply', 'comment')
                    )
                    or exists (
                        select
                        from touch as earlier
                        inner join outcome on earlier.touch_id = outcome.touch_id
                        where
                            earlier.customer_id = asked.customer_id
                            and earlier.campaign = asked.campaign
                            and earlier.occasion = asked.occasion
                            and outcome.outcome = 'replied'
                            and outcome.happened_at <= :as_of
                    )
                )
                then 'replied'
        end as reason
    from asked
) as judged
where reason is not null;

analyze exited;
