-- Where do records arrive, how far has each stream been read, what was refused?
create schema staging;

-- History that somebody asked for; the cursors of the daily pulls stay where they are.
create table backfill (
    backfill_id bigint generated always as identity primary key,
    source text not null,
    stream text not null,
    since timestamptz not null,
    until timestamptz not null,
    -- Everything before this is staged, or loaded already.
    position timestamptz not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    is_given_up boolean not null default false
);

create unique index backfill_on_its_way on backfill (source, stream)
where finished_at is null;

create table batch (
    batch_id bigint generated always as identity primary key,
    source text not null,
    stream text not null,
    entity text not null,
    state text not null default 'landing'
    check (state in ('landing', 'landed', 'loaded', 'stopped')),
    is_replay boolean not null default false,
    -- Of which backfill it is a part, if of any.
    backfill_id bigint references backfill,
    -- True: a batch holds whole orders, and lines that are gone are removed;
    -- false: a line that is not in it says nothing about its order.
    holds_whole_orders boolean not null default true,
    -- The columns that identify a record at the source: {order_number} says that
    -- one record is one whole order, {order_number,line_id} that it is one line.
    record_key text[] not null default '{}',
    -- Whether a line that repeats another one of its order exactly is a second
    -- piece (keep) or a double entry (quarantine).
    repeated_lines text not null default 'keep'
    check (repeated_lines in ('keep', 'quarantine')),
    records bigint not null default 0,
    loaded bigint not null default 0,
    unchanged bigint not null default 0,
    quarantined bigint not null default 0,
    warned bigint not null default 0,
    note text,
    started_at timestamptz not null default now(),
    validated_at timestamptz,
    -- A person said: load a stopped batch without its bad records.
    accepted_at timestamptz,
    accepted_because text,
    finished_at timestamptz
);

comment on column batch.records is
'records as the source gave them; = loaded + unchanged + quarantined at the end';

-- A stream has at most one batch on its way: a crashed run finds and continues it.
create unique index batch_on_its_way on batch (source, stream)
where state in ('landing', 'landed') and not is_replay and backfill_id is null;
create unique index batch_of_backfill on batch (backfill_id)
where state in ('landing', 'landed');

create table stream_cursor (
    source text not null,
    stream text not null,
    cursor text not null,
    updated_at timestamptz not null default now(),
    primary key (source, stream)
);

-- What platforms pushed and no run has staged yet. A row leaves in the transaction
-- that stages it, so that nothing is staged twice or never.
create table inbox (
    inbox_id bigint generated always as identity primary key,
    source text not null,
    stream text not null,
    digest text not null,
    raw json not null,
    received_at timestamptz not null,
    -- Platforms repeat a push that was not answered in time.
    constraint inbox_once unique (source, stream, digest)
);

create index inbox_of_stream on inbox (source, stream, inbox_id);

-- Pushes that were not taken: how many for which reason, never by whom.
create table refused_callbacks (
    source text not null,
    reason text not null,
    refusals bigint not null default 1,
    first_at timestamptz not null,
    last_at timestamptz not null,
    primary key (source, reason)
);

create table quarantine (
    quarantine_id bigint generated always as identity primary key,
    batch_id bigint not null references batch,
    source text not null,
    stream text not null,
    entity text not null,
    record_no bigint not null,
    record_key text,
    -- The names of the rules that failed, and what they say of this record.
    rules text[] not null default '{}',
    reasons text[] not null,
    -- When the source changed the record; a good version must not be older.
    version_at timestamptz,
    raw json not null,
    raw_digest text not null,
    place text,
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    resolution text check (resolution in ('replayed', 'superseded', 'dismissed')),
    resolved_at timestamptz,
    resolved_because text,
    -- The batch that tries this record again, and which of its records it is.
    replayed_in bigint,
    replayed_as bigint
);

comment on column quarantine.place is 'file and line, or API call and page';

-- The same bad record pulled again is the same entry, seen again.
create unique index quarantine_open on quarantine (source, stream, raw_digest)
where resolved_at is null;
create index quarantine_of_batch on quarantine (batch_id);

-- How a record in quarantine is recognised when it is pulled again: by its text, and
-- where records have no key of their own, as the n-th of equal texts.
create function record_digest(given json, record_key text, copy_no bigint)
returns text
language sql immutable parallel safe as $$
    select md5(
        given::text
        || case when record_key is null and copy_no > 1 then '#' || copy_no else '' end
    )
$$;

-- The shapes of a batch's own table, staging.<entity>_<batch_id>. One record (what the
-- source gave) may stand for several rows (an order with its lines); its raw text is
-- kept on the first of them. A value that could not be read is null, and `problem`
-- says what was there instead.
create table staging.orders (
    record_no bigint not null,
    place text,
    problem text,
    raw json,
    order_number text,
    status text,
    ordered_at timestamptz,
    paid_at timestamptz,
    shipped_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz,
    currency text,
    order_amount numeric,
    buyer_id text,
    phone text,
    email text,
    more_identifiers jsonb,
    buyer_name text,
    country text,
    line_id text,
    product_id text,
    product_title text,
    category text,
    variant text,
    quantity numeric,
    unit_price numeric,
    line_amount numeric,
    repeat_of text
);

comment on column staging.orders.repeat_of is
'filled by validation: the place of the line that this one repeats exactly';

create table staging.refunds (
    record_no bigint not null,
    place text,
    problem text,
    raw json,
    refund_number text,
    order_number text,
    status text,
    requested_at timestamptz,
    updated_at timestamptz,
    currency text,
    reason text,
    buyer_id text,
    phone text,
    email text,
    more_identifiers jsonb,
    line_id text,
    product_id text,
    quantity numeric,
    amount numeric
);

create table staging.reviews (
    record_no bigint not null,
    place text,
    problem text,
    raw json,
    review_number text,
    order_number text,
    product_id text,
    rating smallint,
    body text,
    reviewed_at timestamptz,
    updated_at timestamptz,
    buyer_id text,
    phone text,
    email text,
    more_identifiers jsonb
);

create table staging.customers (
    record_no bigint not null,
    place text,
    problem text,
    raw json,
    buyer_id text,
    phone text,
    email text,
    more_identifiers jsonb,
    name text,
    gender text,
    birthday date,
    language text,
    timezone text,
    country text,
    city text,
    points bigint,
    level text,
    tags jsonb,
    consents jsonb,
    registered_at timestamptz,
    updated_at timestamptz,
    nobody text
);

comment on column staging.customers.nobody is
'filled by validation: why none of its identifiers can be used';

comment on column staging.customers.tags is
'{"tag name": "value or null"}: what staff or the platform put on this customer';
comment on column staging.customers.consents is
'{"email": true, "sms": false}: marketing consent per channel, as the source knows it;
"profiling": whether this person may be chosen by what is known of them';

comment on column staging.orders.more_identifiers is
'[{"kind": "openid", "scope": "<app id>", "value": "…"}]';

create table staging.interactions (
    record_no bigint not null,
    place text,
    problem text,
    raw json,
    kind text,
    interaction_key text,
    happened_at timestamptz,
    account text,
    buyer_id text,
    phone text,
    email text,
    more_identifiers jsonb,
    body text,
    code text
);

comment on column staging.interactions.code is
'the parameter of the code or link that brought them: a scene, a state';
