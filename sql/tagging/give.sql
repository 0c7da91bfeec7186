-- Give the tags to the customers who are meant; a later line wins over an earlier one.
create temporary table meant on commit drop as
select
    given.*,
    coalesce(found.merged_into, found.customer_id) as customer_id
from given
left join lateral (
    select
        customers.customer_id,
        customers.merged_into
    from customers
    where
        customers.customer_id
        = case
            when given.customer ~ '^[0-9]{1,9}$' then cast(given.customer as bigint)
        end
    union all
    select
        identifiers.customer_id,
        null as merged_into
    from identifiers
    where
        identifiers.customer_id is not null
        and identifiers.scope = ''
        and (
            (
                identifiers.kind = 'phone'
                and identifiers.value = normal_phone(given.customer)
            )
            or (
                identifiers.kind = 'email'
                and identifiers.value = normal_email(given.customer)
            )
        )
    limit 1
) as found on true;

create temporary table latest on commit drop as
select distinct on (customer_id, tag)
    customer_id,
    tag,
    value,
    expires_at
from meant
where customer_id is not null
order by customer_id asc, tag asc, line desc;

delete from tags
using latest
where
    tags.customer_id = latest.customer_id
    and tags.tag = latest.tag
    and tags.origin = 'staff'
    and (tags.given_to != latest.customer_id or tags.source != :who);

insert into tags (
    customer_id, tag, value, origin, source, evidence, tagged_at, expires_at, given_to
)
select
    customer_id,
    tag,
    value,
    'staff' as origin,
    :who as source,
    :evidence,
    :as_of as tagged_at,
    expires_at,
    customer_id as given_to
from latest
order by customer_id
on conflict (given_to, tag, origin, source) do update
    set
        value = excluded.value,
        evidence = excluded.evidence,
        tagged_at = excluded.tagged_at,
        expires_at = excluded.expires_at;

select
    line,
    customer
from meant
where customer_id is null
order by line;
