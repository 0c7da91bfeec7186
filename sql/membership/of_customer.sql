-- In which segments is this customer, and since when?
select
    segment,
    joined_at
from segment_members
where customer_id = :customer_id and left_at is null;
