-- A new right to send, for so many seconds.
insert into lease (worker, channel, account, ends_at)
values (
    :worker, :channel, :account, clock_timestamp() + cast(:lasts as interval)
)
returning lease_id;
