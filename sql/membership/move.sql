-- Who joined these segments and who left them, of those who were judged?
drop table if exists moved;

create temporary table moved on commit drop as
with members as (
    select
        segment,
        customer_id
    from judged
    where is_member and segment = any(cast(:segments as text[]))
),

known as (
    select
        segment,
        customer_id
    from segment_members
    where
        segment = any(cast(:segments as text[]))
        and left_at is null
        and (
            cast(:is_whole as boolean)
            or customer_id = any(array(select chosen.customer_id from chosen))
        )
)

select
    coalesce(members.segment, known.segment) as segment,
    coalesce(members.customer_id, known.customer_id) as customer_id,
    known.customer_id is null as is_joining
from members
full join known
    on
        members.segment = known.segment
        and members.customer_id = known.customer_id
where members.customer_id is null or known.customer_id is null;

analyze moved;

update segment_members
set left_at = :as_of
from moved
where
    not moved.is_joining
    and segment_members.segment = moved.segment
    and segment_members.customer_id = moved.customer_id
    and segment_members.left_at is null;

insert into segment_members (segment, customer_id, joined_at)
select
    segment,
    customer_id,
    :as_of as joined_at
from moved
where is_joining
order by segment, customer_id;

delete from segment_sizes
where segment = any(cast(:segments as text[])) and counted_at > :as_of;

insert into segment_sizes (segment, counted_at, joined_count, left_count, size)
select
    segment,
    :as_of as counted_at,
    count(*) filter (where is_joining) as joined_count,
    count(*) filter (where not is_joining) as left_count,
    case
        when cast(:is_whole as boolean)
            then (
                select count(*) from segment_members
                where segment = moved.segment and left_at is null
            )
        else coalesce(
            (
                select size from segment_sizes
                where segment = moved.segment
                order by counted_at desc
                limit 1
            ), 0
        )
        + count(*) filter (where is_joining)
        - count(*) filter (where not is_joining)
    end as size
from moved
group by segment
on conflict (segment, counted_at) do update
    set
        joined_count = segment_sizes.joined_count + excluded.joined_count,
        left_count = segment_sizes.left_count + excluded.left_count,
        size = excluded.size;

select
    asked.segment,
    count(*) filter (where moved.is_joining) as joined_count,
    count(*) filter (where not moved.is_joining) as left_count,
    coalesce(
        (
            select size from segment_sizes
            where segment = asked.segment
            order by counted_at desc
            limit 1
        ), 0
    ) as size
from unnest(cast(:segments as text[])) as asked (segment)
left join moved on asked.segment = moved.segment
group by asked.segment;
