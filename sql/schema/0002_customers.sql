-- Who is a customer, by which identifiers do we know them, what may we send them?
create table customers (
    customer_id bigint generated always as identity primary key,
    name text,
    language text,
    timezone text,
    country text,
    city text,
    gender text,
    birthday date,
    created_at timestamptz not null default now(),
    -- Set when this customer turned out to be another one.
    merged_into bigint references customers
);

create table identifiers (
    identifier_id bigint generated always as identity primary key,
    kind text not null,
    scope text not null,
    value text not null,
    customer_id bigint references customers,
    -- A shared or meaningless value (the shop's own phone): never joins people.
    is_junk boolean not null default false,
    first_seen_at timestamptz not null default now(),
    constraint identifiers_natural_key unique (kind, scope, value)
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
where customer_id is null;

-- Two identifiers that one record showed together: the evidence of every merge.
create table identifier_links (
    link_id bigint generated always as identity primary key,
    identifier_a bigint not null references identifiers,
    identifier_b bigint not null references identifiers,
    source text not null,
    evidence text not null,
    seen_at timestamptz not null default now(),
    processed_at timestamptz,
    -- Staff said: these are two people.
    rejected_at timestamptz,
    constraint identifier_links_once unique (identifier_a, identifier_b),
    check (identifier_a < identifier_b)
);

create index identifier_links_other_way on identifier_links (identifier_b);
create index identifier_links_new on identifier_links (link_id)
where processed_at is null;

create table customer_merges (
    merge_id bigint generated always as identity primary key,
    kept_id bigint not null references customers (customer_id),
    merged_id bigint not null references customers (customer_id),
    link_id bigint references identifier_links (link_id),
    evidence text not null,
    merged_at timestamptz not null default now(),
    undone_at timestamptz
);

create index customer_merges_of_kept on customer_merges (kept_id);
create index customer_merges_of_merged on customer_merges (merged_id);

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

-- One row per decision of the customer; the newest per channel and purpose holds.
create table consents (
    consent_id bigint generated always as identity primary key,
    identifier_id bigint not null references identifiers,
    channel text not null,
    purpose text not null check (purpose in ('marketing', 'service')),
    is_granted boolean not null,
    source text not null,
    evidence text not null,
    decided_at timestamptz not null
);

create index consents_of_identifier
on consents (identifier_id, channel, purpose, decided_at desc);

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

-- Customers about whom something changed since their facts were computed.
create table touched_customers (
    customer_id bigint primary key,
    touched_at timestamptz not null default now()
);
