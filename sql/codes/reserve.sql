-- Write a code down before the platform makes it; nothing comes back if it is there.
insert into codes (
    code, source, channel, campaign, order_id, referrer_identifier_id, note, created_at
)
values (
    :code, :source, :channel, :campaign, :order_id, :referrer_identifier_id, :note,
    :now
)
on conflict do nothing
