-- What would be decided of each due message of the one who is asked about?
select
    due.occasion,
    due.step,
    due.standing,
    due.due_at,
    decided.decision,
    decided.reason,
    decided.detail,
    decided.channel,
    decided.account,
    decided.not_before
from due
left join decided
    on
        due.customer_id = decided.customer_id
        and due.occasion = decided.occasion
        and due.step = decided.step
order by due.occasion, due.position;
