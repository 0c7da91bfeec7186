-- What is known of one merge?
select
    merge_id,
    kept_id,
    merged_id,
    evidence,
    merged_at,
    undone_at
from customer_merges
where merge_id = :merge_id;
