-- The messages of a work order that nobody has touched yet.
select
    touch_id,
    key,
    address,
    identifier_id,
    after_id,
    campaign,
    step,
    language,
    cast(params as text) as params,
    cast(extract(epoch from latest_at) as double precision) as latest,
    coalesce(replanned_in, campaign_run_id) as words_of
from touch
where touch_id = any(cast(:ids as bigint[]))
order by touch_id;
