-- How many of these may the account send, and what does its bucket say of the wait?
with budget as (
    select
        channel,
        account,
        greatest(
            0,
            least(
                cast(:wanted as integer),
                cast(:per_day as integer)
                - case when day = :today then day_spent else 0 end,
                cast(:per_month as integer)
                - case when month = :this_month then month_spent else 0 end
            )
        ) as granted
    from sending_accounts
    where channel = :channel and account = :account
    for update
)

update sending_accounts as spent
set
    -- One second's worth may go at once; what is promised ahead is owed.
    tokens = coalesce(
        least(
            cast(:rate as double precision),
            spent.tokens
            + cast(:rate as double precision)
            * extract(epoch from clock_timestamp() - spent.refilled_at)
        ) - budget.granted,
        0
    ),
    refilled_at = clock_timestamp(),
    day = :today,
    day_spent = case when spent.day = :today then spent.day_spent else 0 end
    + budget.granted,
    month = :this_month,
    month_spent = case when spent.month = :this_month then spent.month_spent else 0 end
    + budget.granted
from budget
where spent.channel = budget.channel and spent.account = budget.account
returning
    budget.granted,
    coalesce(-spent.tokens / cast(:rate as double precision), 0) as wait,
    budget.granted < cast(:wanted as integer)
    and cast(:per_month as integer) <= spent.month_spent as is_month_spent;
