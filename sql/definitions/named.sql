-- How many are named in `chosen`, and was it somebody without a name: everybody?
with nobody as (
    delete from chosen
    where customer_id is null
    returning 1
)

select
    count(chosen.customer_id) as chosen,
    exists(select from nobody) as is_everybody
from chosen;
