-- Note the intent to send, unless another worker has noted it.
insert into attempt (touch_id, number, lease_id)
select
    touch_id,
    number,
    :lease as lease_id
from
    unnest(
        cast(:ids as bigint[]), cast(:numbers as smallint[])
    ) as wanted (touch_id, number)
on conflict do nothing
returning touch_id;
