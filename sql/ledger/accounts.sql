-- How are the sending accounts?
select
    channel,
    account,
    failures_in_a_row,
    paused_until,
    stopped_at,
    stopped_because,
    day,
    day_spent,
    month_spent
from sending_accounts
order by stopped_at nulls last, paused_until nulls last, channel, account;
