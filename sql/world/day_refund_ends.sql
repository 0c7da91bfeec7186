-- Which refunds are decided today?
update refunds
set
    status = case
        when world.chance('refused', :seed, order_id) < 0.1 then 'refused'
        else 'refunded'
    end,
    updated_at = cast(:begins as timestamptz)
where
    status = 'open'
    and requested_at < :begins
    and world.chance('decided', :seed, order_id) < 0.2;
