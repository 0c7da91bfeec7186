-- Which world is this?
insert into world.spec (customers, orders_per_customer, seed, until, is_identified)
values (:customers, :orders_per_customer, :seed, :until, :is_identified);

insert into currency_rates (currency, home_rate)
values ('CNY', 1), ('HKD', 0.92)
on conflict do nothing;
