-- How much of the home currency is one unit of this one worth?
select home_rate
from currency_rates
where currency = :currency;
