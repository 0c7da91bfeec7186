-- What has each campaign given away, and what of it became void?
select
    campaign,
    step,
    currency,
    count(*) filter (where voided_at is null) as given,
    coalesce(sum(value) filter (where voided_at is null), 0) as worth,
    count(*) filter (where voided_at is not null) as void
from rewards
group by campaign, step, currency
order by campaign, step, currency;
