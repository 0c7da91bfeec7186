-- Which tags are new, or have another value, evidence or end than before?
with given as (
    insert into tags (
        customer_id,
        tag,
        value,
        origin,
        source,
        evidence,
        tagged_at,
        expires_at,
        given_to
    )
    select
        judged.customer_id,
        judged.tag,
        judged.value,
        judged.origin,
        judged.source,
        judged.evidence,
        :as_of as tagged_at,
        judged.expires_at,
        judged.customer_id as given_to
    from judged
    left join tags as known
        on
            judged.customer_id = known.given_to
            and judged.tag = known.tag
            and judged.origin = known.origin
            and judged.source = known.source
    where
        (judged.expires_at is null or judged.expires_at > :as_of)
        and (
            known.given_to is null
            or (judged.value, judged.evidence, judged.expires_at)
            is distinct from (known.value, known.evidence, known.expires_at)
        )
    order by judged.customer_id
    on conflict (given_to, tag, origin, source) do update
        set
            value = excluded.value,
            evidence = excluded.evidence,
            expires_at = excluded.expires_at,
            -- New words for the same value do not make it a new tag.
            tagged_at = case
                when tags.value = excluded.value then tags.tagged_at
                else excluded.tagged_at
            end
    returning tags.tag
)

select
    tag,
    count(*) as changed
from given
group by tag;
