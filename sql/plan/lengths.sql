-- How long are the values that the words print, and who stands for each of the lengths?
drop table if exists said;

create temporary table said on commit drop as
select
    decided.ctid as place,
    coalesce(decided.language, '') as language,
    coalesce(
        (
            select array_agg(length(decided.params ->> name) order by name)
            from unnest(cast(:names as text[])) as name
        ), '{}'
    ) as lengths
from decided
where
    decided.decision = 'planned'
    and decided.channel = :channel
    and decided.step = :step
    and decided.price > 0;

with shapes as (
    select
        language,
        lengths,
        min(place) as place
    from said
    group by language, lengths
    -- The longest, should there be too many.
    order by
        (select coalesce(sum(one), 0) from unnest(lengths) as one) desc, -- noqa: RF02
        language asc,
        lengths asc
    limit :most
)

select
    shapes.language,
    cast(shapes.lengths as text) as lengths,
    decided.params
from shapes
inner join decided on shapes.place = decided.ctid;
