-- What is one unit of a currency worth at home? Who paid in it is computed anew.
with changed as (
    insert into currency_rates (currency, home_rate, updated_at)
    values (:currency, :home_rate, :as_of)
    on conflict (currency) do update
        set home_rate = excluded.home_rate, updated_at = excluded.updated_at
        where currency_rates.home_rate != excluded.home_rate
    returning currency
)

insert into touched_customers (customer_id)
select orders.customer_id
from changed
inner join orders on changed.currency = orders.currency
where orders.customer_id is not null
union
select refunds.customer_id
from changed
inner join refunds on changed.currency = refunds.currency
where refunds.customer_id is not null;
