-- When may customers of this zone be written to again?
select
    not_before,
    open_until
from open_span(
    cast(:now as timestamptz), :zone, cast(:quiet_from as time),
    cast(:quiet_to as time)
);
