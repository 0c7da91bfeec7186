-- Order the same messages again, for later.
insert into chunk (
    campaign_run_id, channel, account, kind, not_before, hold, tries, zone,
    quiet_from, quiet_to, open_until, touch_ids
)
select
    origin.campaign_run_id,
    :channel,
    :account,
    :kind,
    :not_before,
    :hold,
    :tries,
    origin.zone,
    origin.quiet_from,
    origin.quiet_to,
    origin.open_until,
    cast(:ids as bigint[]) as touch_ids
from (select cast(:chunk as bigint) as chunk_id) as given
left join chunk as origin on given.chunk_id = origin.chunk_id;
