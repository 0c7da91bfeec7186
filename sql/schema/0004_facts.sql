-- What do we know of each customer: facts, segments, tags?
create table customer_facts (
    customer_id bigint primary key,
    name text,
    language text not null,
    timezone text not null,
    country text,
    email text,
    phone text,
    has_email boolean not null,
    has_phone boolean not null,
    birthday date,
    points bigint not null,
    level text,
    registered_at timestamptz,
    orders_count integer not null,
    first_order_at timestamptz,
    last_order_at timestamptz,
    last_order_id bigint,
    spent numeric not null,
    average_order numeric,
    buying_interval interval,
    favourite_product text,
    last_category text,
    reviews_count integer not null,
    last_review_at timestamptz,
    refunds_count integer not null,
    open_refunds integer not null,
    refunded numeric not null,
    interactions_count integer not null,
    last_interaction_at timestamptz,
    computed_at timestamptz not null
) with (fillfactor = 80);

comment on column customer_facts.spent is
'home currency: orders that were paid and kept, less what was refunded';
comment on column customer_facts.buying_interval is
'the median time between this customer''s orders; null below three orders';

create table segment_definitions (
    segment text primary key,
    question text not null,
    digest text not null,
    computed_at timestamptz not null
);

create table segment_members (
    segment text not null,
    customer_id bigint not null,
    joined_at timestamptz not null,
    left_at timestamptz,
    -- When membership can next change although nothing happens.
    recheck_at timestamptz
);

create unique index segment_members_now on segment_members (segment, customer_id)
where left_at is null;
create index segment_members_of_customer on segment_members (customer_id);

-- When a customer's membership of a segment can next change by the passing of time,
-- also for those who are not members.
create table segment_rechecks (
    segment text not null,
    customer_id bigint not null,
    recheck_at timestamptz not null,
    primary key (segment, customer_id)
);

create index segment_rechecks_due on segment_rechecks (recheck_at);

create table tags (
    customer_id bigint not null,
    tag text not null,
    value text not null default '',
    -- rule: a file of sql/tags; staff: a person; platform: came with a profile.
    origin text not null check (origin in ('rule', 'staff', 'platform')),
    source text not null,
    evidence text,
    tagged_at timestamptz not null,
    expires_at timestamptz,
    primary key (customer_id, tag, origin, source)
);

create index tags_by_tag on tags (tag, value);
create index tags_expiring on tags (expires_at) where expires_at is not null;
