-- Whose facts are to be computed: those about whom something changed, or everybody?
select pg_advisory_xact_lock(7230011);

create temporary table touched on commit drop as
with taken as (
    delete from touched_customers
    returning customer_id
)

select distinct customer_id from taken;

create temporary table chosen (customer_id bigint primary key) on commit drop;

insert into chosen (customer_id)
select customer_id from touched
union
select customer_id from customers
where cast(:everybody as boolean)
union
select customer_id from customer_facts
where cast(:everybody as boolean)
order by customer_id;

analyze chosen;
