-- Who enters, who leaves, who stays, and which rule made the difference?
with both_sides as (
    select
        coalesce(now_is.customer_id, before_was.customer_id) as customer_id,
        coalesce(now_is.in_audience, false) as is_in,
        coalesce(before_was.in_audience, false) as was_in,
        case
            when coalesce(now_is.in_audience, false)
                then coalesce(before_was.failed_rule, 'not_a_candidate')
            else coalesce(now_is.failed_rule, 'not_a_candidate')
        end as rule
    from pg_temp.candidate as now_is
    full join pg_temp.candidate_before as before_was
        on
            now_is.customer_id = before_was.customer_id
            and now_is.occasion = before_was.occasion
),

moved as (
    select
        customer_id,
        case
            when is_in and was_in then 'stays'
            when is_in then 'enters'
            else 'leaves'
        end as movement,
        case when is_in and was_in then '' else rule end as rule
    from both_sides
    where is_in or was_in
)

select
    movement,
    rule,
    count(*) as number,
    (array_agg(customer_id order by hashint8(customer_id)))[1:5] as examples
from moved
group by movement, rule
order by movement asc, number desc, rule asc;
