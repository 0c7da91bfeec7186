-- Write the profiles and consents that are new or changed; how many records was that?

-- One row per person: the newest record of the batch.
create temp table profile_version on commit drop as
select distinct on (person.identifier_id)
    person.identifier_id,
    staged.name,
    staged.gender,
    staged.birthday,
    staged.language,
    staged.timezone,
    staged.country,
    staged.city,
    staged.points,
    staged.level,
    staged.tags,
    staged.consents,
    staged.registered_at,
    staged.updated_at,
    md5(row(
        staged.name, staged.gender, staged.birthday, staged.language,
        staged.timezone, staged.country, staged.city, staged.points, staged.level,
        staged.tags, staged.consents, staged.registered_at, staged.phone,
        staged.email, staged.more_identifiers
    )::text) as digest
from staged
inner join person
    on
        person.described = row(
            staged.buyer_id, staged.phone, staged.email, staged.more_identifiers
        )::text
where staged.raw is not null and person.identifier_id is not null
order by
    person.identifier_id asc,
    staged.updated_at desc nulls last,
    staged.record_no desc;

analyze profile_version;

create temp table written_profile on commit drop as
select version.*
from profile_version as version
left join profiles as stored
    on version.identifier_id = stored.identifier_id and stored.source = :source
where
    stored.identifier_id is null
    or (
        stored.digest <> version.digest
        and coalesce(version.updated_at >= stored.updated_at, true)
    );

insert into profiles (
    source, identifier_id, name, gender, birthday, language, timezone, country, city,
    points, level, tags, registered_at, updated_at, digest
)
select
    :source,
    identifier_id,
    name,
    gender,
    birthday,
    language,
    timezone,
    country,
    city,
    points,
    level,
    tags,
    registered_at,
    updated_at,
    digest
from written_profile
order by identifier_id
on conflict (source, identifier_id) do update
    set
        name = excluded.name,
        gender = excluded.gender,
        birthday = excluded.birthday,
        language = excluded.language,
        timezone = excluded.timezone,
        country = excluded.country,
        city = excluded.city,
        points = excluded.points,
        level = excluded.level,
        tags = excluded.tags,
        registered_at = excluded.registered_at,
        updated_at = excluded.updated_at,
        digest = excluded.digest;

-- A source that repeats what it said before decides nothing: whoever opted out with
-- us in the meantime stays out.
insert into consents (
    identifier_id, channel, purpose, is_granted, source, evidence, decided_at
)
select
    version.identifier_id,
    said.channel,
    said.purpose,
    said.is_granted::boolean as is_granted,
    :source,
    'profile in batch ' || :batch_id as evidence,
    -- A grant of unknown date must not overrule an opt-out that came later.
    case
        when before.is_granted is null and said.is_granted = 'true'
            then coalesce(version.registered_at, version.updated_at, :started_at)
        else coalesce(version.updated_at, :started_at)
    end as decided_at
from written_profile as version
cross join
    lateral (
        -- Whether people may be chosen by what is known of them has no channel.
        select
            case when told.subject = 'profiling' then '' else told.subject end
                as channel,
            case when told.subject = 'profiling' then 'profiling' else 'marketing' end
                as purpose,
            told.is_granted
        from jsonb_each_text(version.consents) as told (subject, is_granted)
    ) as said
left join lateral (
    select consents.is_granted
    from consents
    where
        consents.identifier_id = version.identifier_id
        and consents.channel = said.channel
        and consents.purpose = said.purpose
        and consents.source = :source
    order by consents.decided_at desc, consents.consent_id desc
    limit 1
) as before on true
where
    jsonb_typeof(version.consents) = 'object'
    and said.is_granted in ('true', 'false')
    and before.is_granted is distinct from said.is_granted::boolean
order by version.identifier_id, said.channel;

select
    (select count(*) from written_profile) as loaded,
    (
        select count(*) from staged
        inner join person
            on
                person.identifier_id is not null
                and person.described = row(
                    staged.buyer_id, staged.phone, staged.email,
                    staged.more_identifiers
                )::text
        where staged.raw is not null
    ) - (select count(*) from written_profile) as unchanged;
