-- Are so many chosen that judging everybody is less work? Counting them all would take
-- longer than what is asked, where Postgres has an estimate.
select
    :chosen * 5 > case
        when pg_class.reltuples > 0 then pg_class.reltuples
        else (select count(*) from customer_facts)
    end as is_many
from pg_class
where pg_class.oid = cast('customer_facts' as regclass);
