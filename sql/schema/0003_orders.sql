-- What was bought, given back and said about it?
create table currency_rates (
    currency text primary key check (currency ~ '^[A-Z]{3}$'),
    -- How much of the home currency one unit is worth.
    home_rate numeric not null check (home_rate > 0),
    updated_at timestamptz not null default now()
);

create table orders (
    order_id bigint generated always as identity primary key,
    source text not null,
    order_number text not null,
    status text not null check (status in (
        'unpaid', 'paid', 'part_shipped', 'shipped', 'finished',
        'cancelled', 'refunded', 'on_hold'
    )),
    ordered_at timestamptz not null,
    paid_at timestamptz,
    shipped_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz not null,
    currency text not null,
    amount numeric not null,
    buyer_identifier_id bigint references identifiers,
    customer_id bigint,
    -- Of the lines as the source gave them; null: compare them one by one.
    lines_digest numeric,
    loaded_at timestamptz not null default now(),
    constraint orders_natural_key unique (source, order_number)
);

-- All that facts read of an order, in their order: the heap is not visited.
create index orders_of_customer on orders (customer_id, ordered_at, order_id)
include (status, currency, amount);
create index orders_without_customer on orders (buyer_identifier_id)
where customer_id is null and buyer_identifier_id is not null;

create table order_lines (
    order_id bigint not null references orders on delete cascade,
    -- From the platform's line id, or from the line's content where it has none.
    line_key bigint not null,
    product_id text,
    product_title text,
    category text,
    variant text,
    quantity numeric not null,
    unit_price numeric not null,
    amount numeric not null,
    primary key (order_id, line_key)
);

create table refunds (
    refund_id bigint generated always as identity primary key,
    source text not null,
    refund_number text not null,
    order_number text,
    order_id bigint references orders,
    status text not null check (status in ('open', 'refunded', 'refused', 'closed')),
    requested_at timestamptz not null,
    updated_at timestamptz not null,
    currency text not null,
    amount numeric not null,
    reason text,
    buyer_identifier_id bigint references identifiers,
    customer_id bigint,
    loaded_at timestamptz not null default now(),
    constraint refunds_natural_key unique (source, refund_number)
);

create index refunds_of_customer on refunds (customer_id);
create index refunds_waiting_for_order on refunds (source, order_number)
where order_id is null;
create index refunds_of_order on refunds (order_id);
create index refunds_without_customer on refunds (buyer_identifier_id)
where customer_id is null and buyer_identifier_id is not null;

create table reviews (
    review_id bigint generated always as identity primary key,
    source text not null,
    review_number text not null,
    order_number text,
    order_id bigint references orders,
    product_id text,
    rating smallint check (rating between 1 and 5),
    body text,
    reviewed_at timestamptz not null,
    updated_at timestamptz not null,
    buyer_identifier_id bigint references identifiers,
    customer_id bigint,
    loaded_at timestamptz not null default now(),
    constraint reviews_natural_key unique (source, review_number)
);

create index reviews_of_customer on reviews (customer_id);
create index reviews_waiting_for_order on reviews (source, order_number)
where order_id is null;
create index reviews_of_order on reviews (order_id);
create index reviews_without_customer on reviews (buyer_identifier_id)
where customer_id is null and buyer_identifier_id is not null;

create table interactions (
    interaction_id bigint generated always as identity primary key,
    source text not null,
    kind text not null,
    interaction_key text not null,
    happened_at timestamptz not null,
    account text,
    identifier_id bigint references identifiers,
    customer_id bigint,
    body text,
    -- The parameter of the code or link that brought them, see `codes`.
    code text,
    loaded_at timestamptz not null default now(),
    constraint interactions_natural_key unique (source, kind, interaction_key)
);

create index interactions_of_customer on interactions (customer_id, happened_at);
create index interactions_without_customer on interactions (identifier_id)
where customer_id is null and identifier_id is not null;

create index interactions_by_code on interactions (code, happened_at)
where code is not null;

-- Codes and links of ours: where each hangs, and whose it is. The parameter comes back
-- as interactions.code of whoever scans it.
create table codes (
    -- Thirty characters are what the narrowest platform takes.
    code text primary key check (code ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,29}$'),
    -- The account at which it is scanned; null: any.
    source text,
    channel text not null,
    campaign text,
    -- It lies in the parcel of this order: the first who scans it is its buyer.
    order_id bigint references orders,
    -- This customer's own, to be passed on to friends.
    referrer_identifier_id bigint references identifiers,
    note text not null default '',
    url text,
    image_url text,
    reference text,
    ends_at timestamptz,
    created_at timestamptz not null
);

create unique index codes_of_order on codes (order_id, source) nulls not distinct
where order_id is not null;
create unique index codes_of_referrer on codes (referrer_identifier_id, source)
nulls not distinct
where referrer_identifier_id is not null;

-- By which of our codes did each customer come first?
create view came_by as
select distinct on (interactions.customer_id)
    interactions.customer_id,
    codes.code,
    codes.channel,
    codes.campaign,
    referrer.customer_id as referrer_id,
    interactions.happened_at
from interactions
inner join codes
    on
        interactions.code = codes.code
        and coalesce(interactions.source = codes.source, true)
left join identifiers as referrer
    on codes.referrer_identifier_id = referrer.identifier_id
where
    interactions.customer_id is not null
    and codes.order_id is null
    and referrer.customer_id is distinct from interactions.customer_id
order by
    interactions.customer_id asc, interactions.happened_at asc,
    interactions.interaction_id asc;

call touch_from('orders', 'touch_customers');
call touch_from('order_lines', 'touch_customers_of_orders');
call touch_from('refunds', 'touch_customers');
call touch_from('reviews', 'touch_customers');
call touch_from('interactions', 'touch_customers');
