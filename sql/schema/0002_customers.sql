-- Who is a customer, by which identifiers do we know them, what may we send them?
-- No customer_id has a foreign key, here or in the tables of what customers did, nor
-- has the link of a merge: only identify writes them, with what it has just read or
-- made, and a merge would check each of the many rows that it moves.
create table customers (
    customer_id bigint generated always as identity primary key,
    name text,
    language text,
    timezone text,
    country text,
    city text,
    gender text,
    birthday date,
    -- What they said last, by whichever identifier, as 'marketing email': written by
    -- identify from `agreements`. Whoever decides by it reads identifiers_to_read too.
    agreed_to text[] not null default '{}',
    refused text[] not null default '{}',
    created_at timestamptz not null default now(),
    -- Set when this customer turned out to be another one: always the one who is
    -- kept today, never a step on the way there.
    merged_into bigint,
    -- The identifier it began with; after a wrong merge the customer follows it.
    founder_id bigint
);

create index customers_merged on customers (merged_into)
where merged_into is not null;
create index customers_of_founder on customers (founder_id);

create table identifiers (
    identifier_id bigint generated always as identity primary key,
    kind text not null,
    scope text not null,
    value text not null,
    customer_id bigint,
    -- A shared or meaningless value (the shop's own phone): joins nobody, is nobody's.
    is_junk boolean not null default false,
    junk_reason text,
    -- Staff said: it is one person's, however many it seems to belong to.
    is_trusted boolean not null default false,
    first_seen_at timestamptz not null default now(),
    -- The value first: mostly one comparison tells two entries of the index apart.
    constraint identifiers_natural_key unique (value, kind, scope)
);

comment on column identifiers.kind is
'buyer, phone, local_phone, email, unionid, openid, external_userid, weibo_uid …';
comment on column identifiers.scope is
'where the value is unique: the source for buyer, the app or corp for openid and '
'external_userid, empty for what is unique in the world';

-- A phone number as E.164 without its plus where the country is certain, else null:
-- a Chinese mobile number, or one that was written with its country code.
create function normal_phone(given text) returns text
language sql immutable parallel safe as $$
    select case
        when plain ~ '^(\+|00)?86[1][3-9][0-9]{9}$' then '86' || right(plain, 11)
        when plain ~ '^1[3-9][0-9]{9}$' then '86' || plain
        when plain ~ '^\+[1-9][0-9]{6,14}$' then substr(plain, 2)
        when plain ~ '^00[1-9][0-9]{6,14}$' then substr(plain, 3)
    end
    from (select translate(given, ' ()-./', '') as plain) as cleaned
$$;

-- An e-mail address in lower case, or null when it is masked or none.
create function normal_email(given text) returns text
language sql immutable parallel safe as $$
    select case
        when plain ~ '^[^@\s*]+@[^@\s*]+\.[^@\s*.]+$' then plain
    end
    from (select lower(btrim(given)) as plain) as cleaned
$$;

-- The one place that says how a value is written in `identifiers`; null: no use.
-- A number without a country (local_phone) is the same person only within a source.
create function normal_identifier(kind text, given text) returns text
language sql immutable parallel safe as $$
    select case kind
        when 'phone' then normal_phone(given)
        when 'email' then normal_email(given)
        when 'local_phone' then case
            when normal_phone(given) is null
                then substring(translate(given, ' ()-./', '') from '^[0-9]{7,15}$')
        end
        else nullif(btrim(given), '')
    end
$$;

create index identifiers_of_customer on identifiers (customer_id);
create index identifiers_without_customer on identifiers (identifier_id)
where customer_id is null and not is_junk;
create index identifiers_junk on identifiers (identifier_id) where is_junk;

-- Two identifiers that one record showed together: the evidence of every merge.
create table identifier_links (
    link_id bigint generated always as identity primary key,
    identifier_a bigint not null references identifiers,
    identifier_b bigint not null references identifiers,
    source text not null,
    evidence text not null,
    seen_at timestamptz not null default now(),
    -- Not followed until a person has looked: see identity_conflicts.
    held_at timestamptz,
    -- Staff said: these are two people.
    rejected_at timestamptz,
    rejected_because text,
    constraint identifier_links_once unique (identifier_a, identifier_b),
    check (identifier_a < identifier_b)
);

create index identifier_links_other_way on identifier_links (identifier_b);
create index identifier_links_held on identifier_links (link_id)
where held_at is not null;
create index identifier_links_rejected on identifier_links (link_id)
where rejected_at is not null;

-- Links that no run of identify has followed yet. A queue of its own, since marking
-- each link would rewrite it and all its index entries.
create table links_to_follow (
    link_id bigint not null
);

create function queue_links() returns trigger
language plpgsql as $$
begin
    insert into regulars.links_to_follow (link_id) select link_id from changed;
    return null;
end;
$$;

create trigger queue_on_insert after insert on identifier_links
referencing new table as changed
for each statement execute function queue_links();

create table customer_merges (
    merge_id bigint generated always as identity primary key,
    kept_id bigint not null,
    merged_id bigint not null,
    link_id bigint,
    evidence text not null,
    -- Who stood on which side when they became one.
    merged_identifiers bigint[] not null default '{}',
    kept_identifiers bigint[] not null default '{}',
    merged_at timestamptz not null default now(),
    undone_at timestamptz,
    undone_because text
);

create index customer_merges_of_kept on customer_merges (kept_id);
create index customer_merges_of_merged on customer_merges (merged_id);

-- What identify would not decide by itself, for a person to look at.
create table identity_conflicts (
    conflict_id bigint generated always as identity primary key,
    kind text not null check (
        kind in ('shared_identifier', 'large_cluster', 'kept_apart')
    ),
    identifier_ids bigint[] not null,
    link_ids bigint[] not null,
    detail text not null,
    found_at timestamptz not null,
    resolved_at timestamptz
);

create index identity_conflicts_open on identity_conflicts (conflict_id)
where resolved_at is null;

-- What each source says of a person; customers takes the newest known value of each.
create table profiles (
    source text not null,
    identifier_id bigint not null references identifiers,
    name text,
    gender text,
    birthday date,
    language text,
    timezone text,
    country text,
    city text,
    points bigint,
    level text,
    -- {"tag name": "value or null"}: what staff or the platform put on this person.
    tags jsonb,
    registered_at timestamptz,
    updated_at timestamptz,
    digest text not null,
    primary key (source, identifier_id)
);

create index profiles_of_identifier on profiles (identifier_id);

-- Identifiers whose profile, consents or customer changed since it was last asked what
-- that customer is like, and said last. Only appended to by whoever changes them.
create table identifiers_to_read (
    identifier_id bigint not null
);

create function queue_identifiers() returns trigger
language plpgsql as $$
begin
    insert into regulars.identifiers_to_read (identifier_id)
    select distinct identifier_id from changed;
    return null;
end;
$$;

-- One row per decision of the customer; the newest per channel and purpose holds.
create table consents (
    consent_id bigint generated always as identity primary key,
    identifier_id bigint not null references identifiers,
    channel text not null,
    -- profiling: whether people may be chosen by what we know of them; channel ''.
    purpose text not null check (purpose in ('marketing', 'service', 'profiling')),
    is_granted boolean not null,
    source text not null,
    evidence text not null,
    decided_at timestamptz not null
);

create index consents_of_identifier
on consents (identifier_id, channel, purpose, decided_at desc);
-- Before every message it is asked who has said no: few have.
create index consents_refused on consents (identifier_id) where not is_granted;

-- What has each customer said last of every purpose and channel, by whichever of her
-- identifiers? A grant and a refusal at the same moment are a refusal. Who said nothing
-- has a row, too.
create view agreements as
select
    said.customer_id,
    coalesce(
        array_agg(said.subject order by said.subject) filter (where said.is_granted),
        '{}'
    ) as agreed_to,
    coalesce(
        array_agg(said.subject order by said.subject)
        filter (where not said.is_granted),
        '{}'
    ) as refused
from (
    select
        identifiers.customer_id,
        rtrim(consents.purpose || ' ' || consents.channel) as subject,
        coalesce(
            max(consents.decided_at) filter (where consents.is_granted)
            > max(consents.decided_at) filter (where not consents.is_granted),
            bool_and(consents.is_granted)
        ) as is_granted
    from identifiers
    left join consents on identifiers.identifier_id = consents.identifier_id
    where identifiers.customer_id is not null
    group by
        identifiers.customer_id, rtrim(consents.purpose || ' ' || consents.channel)
) as said
group by said.customer_id;

-- Addresses that must not be written to, whatever anybody planned.
create table suppressions (
    channel text not null,
    address text not null,
    reason text not null,
    evidence text not null,
    suppressed_at timestamptz not null default now(),
    released_at timestamptz,
    primary key (channel, address)
);

-- Customers about whom something changed since their facts were computed. Only
-- appended to, so that writers never wait for each other; a customer may be here often.
create table touched_customers (
    customer_id bigint not null
);

-- Customers whose facts were computed, or whose tags changed, since their segments or
-- tags were judged.
create table customers_to_judge (
    step text not null check (step in ('segments', 'tags')),
    -- Null: everybody, of whom nobody is named.
    customer_id bigint,
    -- False: something about them changed that is none of their facts.
    has_new_facts boolean not null default false
);

create index customers_to_judge_by_step on customers_to_judge (step);

-- Whoever changes a row, by whatever way, touches its customer: three kinds of tables,
-- those with a customer, an identifier, or an order. `changed` holds the rows of one
-- statement as they are now (deleted ones as they were), `former` what they were.
create function touch_customers() returns trigger
language plpgsql as $$
begin
    insert into regulars.touched_customers (customer_id)
    select distinct customer_id from changed where customer_id is not null;
    if tg_op = 'UPDATE' then
        insert into regulars.touched_customers (customer_id)
        select customer_id from former where customer_id is not null
        except
        select customer_id from changed;
    end if;
    return null;
end;
$$;

create function touch_customers_of_identifiers() returns trigger
language plpgsql as $$
begin
    insert into regulars.touched_customers (customer_id)
    select distinct identifiers.customer_id
    from changed
    inner join regulars.identifiers using (identifier_id)
    where identifiers.customer_id is not null;
    return null;
end;
$$;

create function touch_customers_of_orders() returns trigger
language plpgsql as $$
begin
    insert into regulars.touched_customers (customer_id)
    select distinct orders.customer_id
    from changed
    inner join regulars.orders using (order_id)
    where orders.customer_id is not null;
    return null;
end;
$$;

create function touch_customers_of_addresses() returns trigger
language plpgsql as $$
begin
    insert into regulars.touched_customers (customer_id)
    select distinct identifiers.customer_id
    from changed
    inner join regulars.identifiers on identifiers.value = changed.address
    where
        identifiers.kind in ('email', 'phone') and identifiers.scope = ''
        and identifiers.customer_id is not null;
    return null;
end;
$$;

-- Let the changes of a table touch customers through one of the functions above, or
-- put what they are about into another queue.
create procedure touch_from(changing regclass, through text, named text default 'touch')
language plpgsql as $$
declare
    happening text;
begin
    foreach happening in array array['insert', 'update', 'delete'] loop
        execute format(
            'create trigger %5$s_on_%1$s after %1$s on %2$s referencing %3$s '
            'for each statement execute function %4$I()',
            happening, changing,
            case happening
                when 'insert' then 'new table as changed'
                when 'update' then 'new table as changed old table as former'
                else 'old table as changed'
            end,
            through, named
        );
    end loop;
end;
$$;

call touch_from('customers', 'touch_customers');
call touch_from('identifiers', 'touch_customers');
call touch_from('profiles', 'touch_customers_of_identifiers');
call touch_from('consents', 'touch_customers_of_identifiers');
call touch_from('suppressions', 'touch_customers_of_addresses');
call touch_from('profiles', 'queue_identifiers', 'queue');
call touch_from('consents', 'queue_identifiers', 'queue');

-- How many rows Postgres thinks that a table has; null where it has seen none yet.
create function known_rows(asked regclass) returns real
language sql stable
return (
    select pg_class.reltuples from pg_class
    where pg_class.oid = asked and pg_class.reltuples > 0
);
