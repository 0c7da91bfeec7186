-- Whose facts are to be computed: those about whom something changed?
select pg_advisory_xact_lock(7230011);

create temporary table touched on commit drop as
with taken as (
    delete from touched_customers
    returning customer_id
)

-- Sorted, since a hash table of millions that does not fit is emptied without end.
select distinct on (customer_id) customer_id
from taken
order by customer_id;

create temporary table chosen (customer_id bigint primary key) on commit drop;

insert into chosen (customer_id)
select customer_id from touched
order by customer_id;

analyze chosen;

-- Above a fifth of everybody, computing all of them in one pass is less work. For few,
-- nobody counts everybody.
select
    case
        when count(*) > 10000
            then count(*) > (select count(*) / 5 from customers)
        else false
    end as is_many
from chosen;
