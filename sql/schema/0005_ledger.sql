-- Who was to get which message, what was tried, what came back?
create table campaign_runs (
    campaign_run_id bigint generated always as identity primary key,
    campaign text not null,
    as_of timestamptz not null,
    version text not null,
    state text not null default 'planned'
    check (state in ('planned', 'waiting', 'approved', 'rejected', 'done')),
    -- [{"rule": …, "passed": n, "unknown": n}] in the order of the columns.
    waterfall jsonb not null default '[]',
    candidates bigint not null default 0,
    planned_at timestamptz not null default now()
);

create index campaign_runs_by_campaign on campaign_runs (campaign, as_of);

-- The plan: one frozen row per decision.
create table touch (
    touch_id bigint generated always as identity primary key,
    campaign_run_id bigint not null,
    campaign text not null,
    step text not null,
    occasion text not null,
    customer_id bigint not null,
    decision text not null
    check (decision in ('planned', 'held_out', 'skipped', 'deferred')),
    reason text,
    channel text,
    account text,
    address text,
    language text,
    -- The idempotency key: at most 28 letters and digits, the same for ever.
    key text,
    params jsonb,
    chunk_id bigint,
    not_before timestamptz,
    latest_at timestamptz,
    constraint touch_once unique (campaign, step, occasion, customer_id)
);
