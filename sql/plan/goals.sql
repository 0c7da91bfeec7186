-- Who reached the goal in time, of those who were written to and of the control group?
with counted as (
    select
        touch.step,
        touch.decision = 'held_out' as is_control,
        coalesce(merged.merged_into, touch.customer_id) as customer_id,
        case
            when touch.decision = 'held_out' then runs.as_of
            else (
                select min(outcome.happened_at)
                from outcome
                where
                    outcome.touch_id = touch.touch_id
                    and outcome.outcome in ('accepted', 'delivered')
            )
        end as since
    from touch
    inner join campaign_runs as runs
        on coalesce(touch.replanned_in, touch.campaign_run_id) = runs.campaign_run_id
    left join (
        select
            customer_id,
            merged_into
        from customers
        where merged_into is not null
    ) as merged on touch.customer_id = merged.customer_id
    where
        touch.campaign_run_id = any(
            array(
                select of_campaign.campaign_run_id
                from campaign_runs as of_campaign
                where
                    of_campaign.campaign = :campaign
                    and of_campaign.as_of > :as_of - interval '180 days'
            )
        )
        and touch.campaign = :campaign
        and touch.decision in ('planned', 'held_out')
)

select
    step,
    is_control,
    count(*) as people,
    count(*) filter (
        where
        case cast(:event as text)
            when 'order'
                then
                    exists (
                        select
                        from orders
                        where
                            orders.customer_id = counted.customer_id
                            and orders.ordered_at > counted.since
                            and orders.ordered_at <= least(
                                counted.since + cast(:within as interval),
                                cast(:as_of as timestamptz)
                            )
                            and orders.status not in ('unpaid', 'cancelled', 'refunded')
                    )
            when 'review'
                then
                    exists (
                        select
                        from reviews
                        where
                            reviews.customer_id = counted.customer_id
                            and reviews.reviewed_at > counted.since
                            and reviews.reviewed_at <= least(
                                counted.since + cast(:within as interval),
                                cast(:as_of as timestamptz)
                            )
                    )
            else exists (
                select
                from interactions
                where
                    interactions.customer_id = counted.customer_id
                    and interactions.happened_at > counted.since
                    and interactions.happened_at <= least(
                        counted.since + cast(:within as interval),
                        cast(:as_of as timestamptz)
                    )
                    and interactions.kind != 'unfollow'
            )
        end
    ) as reached
from counted
where since is not null
group by step, is_control
order by step, is_control;
