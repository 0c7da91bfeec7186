-- What came of each code?
select
    codes.code,
    codes.source,
    codes.channel,
    codes.campaign,
    orders.order_number,
    referrer.customer_id as referrer_id,
    codes.note,
    codes.url,
    codes.ends_at,
    count(scans.interaction_id) as scans,
    count(distinct scans.customer_id) as customers,
    count(distinct firsts.customer_id) as came_by_it
from codes
left join orders on codes.order_id = orders.order_id
left join identifiers as referrer
    on codes.referrer_identifier_id = referrer.identifier_id
left join interactions as scans
    on
        codes.code = scans.code
        and coalesce(codes.source = scans.source, true)
left join came_by as firsts
    on codes.code = firsts.code and scans.customer_id = firsts.customer_id
where
    cast(:channel as text) is null
    or codes.channel = cast(:channel as text)
group by codes.code, orders.order_number, referrer.customer_id
order by codes.created_at desc, codes.code asc
limit :most
