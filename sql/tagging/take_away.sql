-- Which stored tags of one origin does nobody deserve any more?
analyze judged;

with taken as (
    delete from tags
    where
        origin = :origin
        and (:tag is null or tag = :tag)
        and (
            cast(:is_whole as boolean)
            or customer_id = any(array(select chosen.customer_id from chosen))
        )
        and not exists (
            select from judged
            where
                judged.customer_id = tags.customer_id
                and judged.customer_id = tags.given_to
                and judged.tag = tags.tag
                and judged.source = tags.source
                and (judged.expires_at is null or judged.expires_at > :as_of)
        )
    returning tags.tag
)

select
    tag,
    count(*) as changed
from taken
group by tag;
