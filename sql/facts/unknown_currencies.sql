-- In which currencies did the chosen customers pay that have no rate?
select
    used.currency,
    count(*) as records
from (
    select orders.currency
    from computed
    inner join orders on computed.customer_id = orders.customer_id
    where computed.spent = 'NaN' or computed.refunded = 'NaN'
    union all
    select refunds.currency
    from computed
    inner join refunds on computed.customer_id = refunds.customer_id
    where computed.spent = 'NaN' or computed.refunded = 'NaN'
) as used
left join currency_rates on used.currency = currency_rates.currency
where used.currency != :home_currency and currency_rates.currency is null
group by used.currency
order by used.currency;
