-- The messages of a work order that nobody has touched yet.
select
    touch_id,
    key,
    address,
    identifier_id,
    after_id,
    channel,
    account,
    campaign,
    step,
    language,
    cast(params as text) as params,
    cast(extract(epoch from latest_at) as double precision) as latest,
    coalesce(replanned_in, campaign_run_id) as words_of,
    0 as number,
    false as is_live,
    null as unclear_for,
    null as attempted_at,
    null as outcome,
    0 as refusals
from touch
where touch_id = any(cast(:ids as bigint[]))
order by touch_id;
