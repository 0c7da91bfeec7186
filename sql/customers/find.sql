-- Who is meant by an id, a phone number, an e-mail address or a buyer's number?
select distinct coalesce(customers.merged_into, customers.customer_id) as customer_id
from customers
where
    customers.customer_id = cast(substring(:who from '^[0-9]{1,9}$') as bigint)
    or customers.customer_id in (
        select identifiers.customer_id
        from identifiers
        where
            identifiers.value in (:who, normal_phone(:who), normal_email(:who))
            and not (identifiers.kind = 'buyer' and :who ~ '^[0-9]{1,9}$')
    )
order by customer_id;
