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

comment on column customer_facts.orders_count is
'orders that were neither cancelled nor left unpaid';
comment on column customer_facts.spent is
'home currency: orders that were paid and kept, less what was refunded';
comment on column customer_facts.average_order is
'home currency: what an order came to, before any refund';
comment on column customer_facts.buying_interval is
'the median gap between the days on which this customer ordered; null below three days';
comment on column customer_facts.favourite_product is
'the title in most of the orders, then in the greatest quantity';
comment on column customer_facts.refunded is
'home currency: money given back';
comment on column customer_facts.computed_at is
'when this row last came out differently';

-- With what was each derived table last computed? A changed digest computes it anew.
create table definitions (
    kind text not null check (kind in ('facts', 'segment', 'tag')),
    name text not null,
    question text not null,
    digest text not null,
    computed_at timestamptz not null,
    primary key (kind, name)
);

-- Limits that depend on everybody ("the top 5 %"), frozen until they are taken again,
-- so that one customer's membership does not hang on what all others do that day.
create table thresholds (
    threshold text primary key,
    question text not null,
    value numeric,
    digest text not null,
    taken_at timestamptz not null
);

create table segment_members (
    segment text not null,
    customer_id bigint not null,
    joined_at timestamptz not null,
    left_at timestamptz
);

create unique index segment_members_now on segment_members (segment, customer_id)
where left_at is null;
create index segment_members_of_customer on segment_members (customer_id, segment)
where left_at is null;
create index segment_members_past on segment_members (customer_id)
where left_at is not null;

-- How large was each segment, at every refresh that moved it?
create table segment_sizes (
    segment text not null,
    counted_at timestamptz not null,
    joined_count bigint not null,
    left_count bigint not null,
    size bigint not null,
    primary key (segment, counted_at)
);

-- Not later than this, some segment of the customer can change by itself.
create table segment_rechecks (
    customer_id bigint primary key,
    recheck_at timestamptz not null
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
    -- Whom it was given to, before merges: an undone merge hands it back.
    given_to bigint not null,
    primary key (given_to, tag, origin, source)
);

comment on column tags.source is
'rule: the file; staff: who; platform: the configured source';

create index tags_of_customer on tags (customer_id);
create index tags_of_staff on tags (customer_id) where origin = 'staff';
create index tags_by_tag on tags (tag, value);
create index tags_expiring on tags (expires_at) where expires_at is not null;

-- Segments and tags of ours on a platform's people: what it was told, label by label.
create table pushed_tags (
    source text not null,
    identifier_id bigint not null references identifiers,
    label text not null,
    is_there boolean not null,
    changed_at timestamptz not null,
    -- Why the platform does not want the change; it is tried again much later.
    error text,
    primary key (source, identifier_id, label)
);

create index pushed_tags_by_label on pushed_tags (source, label);
create index pushed_tags_of_identifier on pushed_tags (identifier_id);

-- A segment may read tags, and a rule tag what staff gave: who changes one of these
-- has them judged again. Of very many, one row says everybody.
create function judge_tagged_customers() returns trigger
language plpgsql as $$
declare
    rows_changed bigint := (select count(*) from changed);
begin
    if rows_changed > greatest(10000, regulars.known_rows('regulars.customer_facts') / 5)
    then
        insert into regulars.customers_to_judge (step, customer_id)
        select 'segments', cast(null as bigint)
        union all
        select 'tags', null where exists (select from changed where origin = 'staff');
    else
        insert into regulars.customers_to_judge (step, customer_id)
        select distinct 'segments', customer_id from changed
        union all
        select distinct 'tags', customer_id from changed where origin = 'staff';
    end if;
    return null;
end;
$$;

call touch_from('tags', 'judge_tagged_customers');
