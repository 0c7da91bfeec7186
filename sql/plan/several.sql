-- Does anybody have several messages to be decided on in this run?
select exists(
    select customer_id
    from due
    where standing in ('new', 'again')
    group by customer_id
    having count(*) > 1
) as has_several;
