-- What would be decided now, how would it go, and what would it cost?
select
    decision,
    reason,
    detail,
    channel,
    account,
    step,
    count(*) as messages,
    coalesce(sum(price) filter (where decision = 'planned'), 0) as cost,
    count(*) filter (where not_before > :as_of) as later
from decided
group by decision, reason, detail, channel, account, step
union all
select
    standing as decision,
    null as reason,
    case
        when standing = 'not_due'
            then
                to_char(
                    min(due_at) at time zone cast(:zone as text), 'YYYY-MM-DD HH24:MI'
                )
    end as detail,
    null as channel,
    null as account,
    null as step,
    count(*) as messages,
    0 as cost,
    0 as later
from due
where standing in ('not_due', 'already')
group by standing
order by decision asc, messages desc, reason asc, detail asc, channel asc, step asc;
