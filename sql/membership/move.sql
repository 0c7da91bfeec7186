-- Who joined the segment and who left it, of those who were judged?
analyze judged;

drop table if exists moved;

create temporary table moved on commit drop as
select
    judged.customer_id,
    true as is_joining
from judged
left join segment_members as known
    on
        judged.customer_id = known.customer_id
        and known.segment = :segment
        and known.left_at is null
where judged.is_member and known.customer_id is null
union all
select
    known.customer_id,
    false as is_joining
from segment_members as known
left join judged on known.customer_id = judged.customer_id and judged.is_member
where
    known.segment = :segment
    and known.left_at is null
    and judged.customer_id is null
    and (
        cast(:is_whole as boolean)
        or known.customer_id = any(array(select chosen.customer_id from chosen))
    );

update segment_members
set left_at = :as_of
from moved
where
    not moved.is_joining
    and segment_members.segment = :segment
    and segment_members.customer_id = moved.customer_id
    and segment_members.left_at is null;

insert into segment_members (segment, customer_id, joined_at)
select
    :segment,
    customer_id,
    :as_of as joined_at
from moved
where is_joining
order by customer_id;

delete from segment_sizes
where segment = :segment and counted_at > :as_of;

insert into segment_sizes (segment, counted_at, joined_count, left_count, size)
select
    :segment,
    :as_of as counted_at,
    count(*) filter (where is_joining) as joined_count,
    count(*) filter (where not is_joining) as left_count,
    case
        when cast(:is_whole as boolean)
            then (
                select count(*) from segment_members
                where segment = :segment and left_at is null
            )
        else coalesce(
            (
                select size from segment_sizes
                where segment = :segment
                order by counted_at desc
                limit 1
            ), 0
        )
        + count(*) filter (where is_joining)
        - count(*) filter (where not is_joining)
    end as size
from moved
having count(*) > 0
on conflict (segment, counted_at) do update
    set
        joined_count = segment_sizes.joined_count + excluded.joined_count,
        left_count = segment_sizes.left_count + excluded.left_count,
        size = excluded.size;

truncate judged;

select
    count(*) filter (where is_joining) as joined_count,
    count(*) filter (where not is_joining) as left_count,
    coalesce(
        (
            select size from segment_sizes
            where segment = :segment
            order by counted_at desc
            limit 1
        ), 0
    ) as size
from moved;
