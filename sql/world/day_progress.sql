-- Which orders on their way come a step further, or are called off?
update orders
set
    status = case
        when world.chance('called off', :seed, order_id) < 0.03 then 'cancelled'
        when status = 'unpaid' then 'paid'
        when status in ('paid', 'part_shipped', 'on_hold') then 'shipped'
        else 'finished'
    end,
    paid_at = coalesce(paid_at, :begins),
    shipped_at = case
        when status = 'unpaid' then shipped_at else
            coalesce(shipped_at, :begins)
    end,
    finished_at = case
        when status = 'shipped' then cast(:begins as timestamptz) else
            finished_at
    end,
    updated_at = cast(:begins as timestamptz)
where
    ordered_at > cast(:begins as timestamptz) - interval '12 days'
    and ordered_at < :begins
    and status in ('unpaid', 'paid', 'part_shipped', 'shipped', 'on_hold')
    and world.chance('progress', :seed, order_id) < 0.3;
