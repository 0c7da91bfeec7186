-- What have the accounts sent on this day and in this month?
select
    channel,
    account,
    case when day = :today then day_spent else 0 end as this_day,
    case when month = :this_month then month_spent else 0 end as this_month
from sending_accounts;
