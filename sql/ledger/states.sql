-- In which state is how much of this run?
select
    state,
    count(*) as number
from touch_state
where campaign_run_id = :run
group by state
order by state;
