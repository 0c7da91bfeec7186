-- How many came out how in this run, what do they cost, and which are to be sent?
create temporary table tally (
    decision text,
    reason text,
    detail text,
    channel text,
    account text,
    not_before timestamptz,
    zone text,
    number bigint,
    cost numeric,
    touch_ids bigint[]
) on commit drop;

-- A list of a million, about to be cut in pieces: to pack it takes a tenth of the time.
alter table tally alter column touch_ids set storage external;

-- What was just written is in no statistics: few rows are expected, and sorted.
set local enable_sort = off;

insert into tally
select
    decision,
    reason,
    detail,
    channel,
    account,
    not_before,
    zone,
    count(*) as number,
    sum(cost) as cost,
    array_agg(touch_id) filter (where decision = 'planned') as touch_ids
from touch
-- The first leads to what was just written, however large the ledger is.
where touch_id > :newest_before and campaign_run_id = :run
group by decision, reason, detail, channel, account, not_before, zone;

set local enable_sort = on;
