-- Of which due steps is it asked whether they are still needed?
create temporary table asked on commit drop as
select
    cast(null as bigint) as touch_id,
    due.customer_id,
    cast(:campaign as text) as campaign,
    due.occasion,
    due.step,
    due.anchor_at,
    step.unless,
    step.goal
from due
inner join
    jsonb_to_recordset(cast(:exits as jsonb))
        as step (step text, unless text[], goal text)
    on due.step = step.step
where due.standing in ('new', 'again') and cardinality(step.unless) > 0;
