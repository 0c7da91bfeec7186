-- Which customers turned out to be one, on what evidence?
select
    merge_id,
    kept_id,
    merged_id,
    evidence,
    merged_at,
    undone_at,
    undone_because
from customer_merges
where
    cast(:customer_id as bigint) is null
    or :customer_id in (kept_id, merged_id)
order by merge_id desc
limit :most;
