-- Are so many chosen that judging everybody is less work? Counting them all would take
-- longer than what is asked, where Postgres has an estimate.
select
    :chosen * 5 > coalesce(
        known_rows('customer_facts'), (select count(*) from customer_facts)
    ) as is_many;
