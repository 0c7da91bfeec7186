-- In which segments was this customer at that moment, and since when?
select
    segment,
    joined_at
from segment_members
where
    customer_id = :customer_id
    and joined_at <= :as_of
    and (left_at is null or left_at > :as_of);
