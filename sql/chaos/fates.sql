-- What does the ledger say of each planned message?
select
    touch.key,
    touch_state.state
from touch
inner join touch_state on touch.touch_id = touch_state.touch_id
where touch.decision = 'planned';
