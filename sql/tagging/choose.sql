-- Whose tags are to be judged: who changed, and whose tag has come to its end?
select pg_advisory_xact_lock(7230013);

create temporary table chosen on commit drop as
with ended as (
    delete from tags
    where expires_at <= :as_of
    returning customer_id
),

taken as (
    delete from customers_to_judge
    where step = 'tags'
    returning customer_id
)

-- Sorted, since a hash table of millions that does not fit is emptied without end.
select distinct on (customer_id) customer_id
from (
    select customer_id from taken
    union all
    select customer_id from ended
) as found
order by customer_id;

create temporary table judged (
    customer_id bigint not null,
    tag text not null,
    value text not null,
    origin text not null,
    source text not null,
    evidence text,
    expires_at timestamptz,
    constraint one_value_each primary key (customer_id, tag, origin, source)
) on commit drop;
