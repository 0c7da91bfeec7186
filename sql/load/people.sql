-- Which people do the records of this batch name, by which identifiers?
create temp table person on commit drop as
select
    row_number() over () as person_no,
    buyer_id,
    phone,
    email,
    more_identifiers,
    row(buyer_id, phone, email, more_identifiers)::text as described,
    min(record_no) as record_no,
    null::bigint as identifier_id
from staged
where coalesce(buyer_id, phone, email, more_identifiers ->> 0) is not null
group by buyer_id, phone, email, more_identifiers;

create temp table person_identifier on commit drop as
with shown as (
    select
        person.person_no,
        given.rank,
        given.kind,
        given.scope,
        given.value
    from person
    cross join
        lateral (
            values
            (1, 'buyer', cast(:source as text), person.buyer_id),
            (2, 'phone', '', person.phone),
            (3, 'local_phone', cast(:source as text), person.phone),
            (4, 'email', '', person.email)
        ) as given (rank, kind, scope, value)
    where given.value is not null
    union all
    select
        person.person_no,
        5 as rank,
        entry ->> 'kind' as kind,
        coalesce(entry ->> 'scope', '') as scope,
        entry ->> 'value' as value
    from person
    cross join jsonb_array_elements(person.more_identifiers) as entry
    where jsonb_typeof(person.more_identifiers) = 'array'
),

-- Materialized, so that each is brought into its form once.
given as materialized (
    select
        person_no,
        rank,
        kind,
        scope,
        normal_identifier(kind, value) as value
    from shown
)

select
    person_no,
    kind,
    scope,
    value,
    min(rank) as rank,
    null::bigint as identifier_id,
    false as is_junk
from given
where value is not null
group by person_no, kind, scope, value;

analyze person;
analyze person_identifier;

-- In one order everywhere, so that two loads wait for each other, never in a circle.
insert into identifiers (kind, scope, value)
select distinct
    seen.kind,
    seen.scope,
    seen.value
from person_identifier as seen
where
    not exists (
        select from identifiers as known
        where
            known.kind = seen.kind
            and known.scope = seen.scope
            and known.value = seen.value
    )
order by seen.kind, seen.scope, seen.value
on conflict on constraint identifiers_natural_key do nothing;

update person_identifier
set identifier_id = known.identifier_id, is_junk = known.is_junk
from identifiers as known
where
    known.kind = person_identifier.kind
    and known.scope = person_identifier.scope
    and known.value = person_identifier.value;

-- The first of a person's identifiers that means anything speaks for all of them.
update person
set identifier_id = main.identifier_id
from (
    select distinct on (person_no)
        person_no,
        identifier_id
    from person_identifier
    order by person_no, is_junk, rank, kind, scope, value
) as main
where main.person_no = person.person_no;

-- The evidence of a link is the first record that showed both. Materialized, since most
-- people show one identifier, and the records need not be read for these.
with pair as materialized (
    select
        person.record_no,
        least(person.identifier_id, other.identifier_id) as identifier_a,
        greatest(person.identifier_id, other.identifier_id) as identifier_b
    from person
    inner join person_identifier as other
        on
            person.person_no = other.person_no
            and person.identifier_id <> other.identifier_id
)

insert into identifier_links (identifier_a, identifier_b, source, evidence)
select distinct on (pair.identifier_a, pair.identifier_b)
    pair.identifier_a,
    pair.identifier_b,
    :source,
    coalesce(staged.place, 'record ' || pair.record_no || ' of a batch') as evidence
from pair
inner join staged
    on pair.record_no = staged.record_no and staged.raw is not null
where
    not exists (
        select from identifier_links as known
        where
            known.identifier_a = pair.identifier_a
            and known.identifier_b = pair.identifier_b
    )
order by pair.identifier_a, pair.identifier_b, pair.record_no
on conflict on constraint identifier_links_once do nothing;
