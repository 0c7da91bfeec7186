-- From when to when may each time zone be written to? One look at the clock per zone.
create temporary table span on commit drop as
select
    given.zone as given_zone,
    known.zone,
    opened.not_before,
    opened.open_until
from (
    select coalesce(timezone, '') as zone
    from customers
    where cast(:quiet_from as time) is not null
    group by coalesce(timezone, '')
    -- Where most are is looked at first.
    order by count(*) desc
) as given
cross join
    lateral (
        select known_zone(nullif(given.zone, ''), :zone) as zone
    ) as known
cross join lateral open_span(
    :as_of, known.zone, cast(:quiet_from as time), cast(:quiet_to as time)
) as opened;

create unique index on span (given_zone);

analyze span;
