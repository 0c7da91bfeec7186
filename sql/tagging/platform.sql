-- Which tags did staff put on the chosen customers at the platforms?
insert into judged (customer_id, tag, value, origin, source, evidence)
select distinct on (identifiers.customer_id, tagged.tag, profiles.source)
    identifiers.customer_id,
    tagged.tag,
    coalesce(tagged.value, '') as value,
    'platform' as origin,
    profiles.source,
    identifiers.kind || ' ' || identifiers.value as evidence
from chosen
inner join identifiers on chosen.customer_id = identifiers.customer_id
inner join profiles on identifiers.identifier_id = profiles.identifier_id
cross join
    lateral jsonb_each_text(
        case when jsonb_typeof(profiles.tags) = 'object' then profiles.tags end
    ) as tagged (tag, value)
-- What we put there ourselves comes back with the profile, and says nothing new.
where
    not exists (
        select from pushed_tags
        where
            pushed_tags.source = profiles.source
            and pushed_tags.label = tagged.tag
    )
order by
    identifiers.customer_id asc, tagged.tag asc, profiles.source asc,
    profiles.updated_at desc nulls last, identifiers.identifier_id asc;
