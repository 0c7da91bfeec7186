-- What was given away with which message, and which codes are left?
create table reward_codes (
    pool text not null,
    code text not null,
    loaded_at timestamptz not null default now(),
    -- Null: nobody has it.
    touch_id bigint,
    primary key (pool, code)
);

create index reward_codes_free on reward_codes (pool, code) where touch_id is null;

-- Set aside with the plan, in its transaction; void when its message is not sent.
create table rewards (
    touch_id bigint primary key,
    campaign text not null,
    step text not null,
    -- Null: the code was made for this message.
    pool text,
    code text not null,
    value numeric not null check (value > 0),
    currency text not null,
    -- The shop's own day whose budget it is part of.
    given_on date not null,
    expires_at timestamptz,
    voided_at timestamptz,
    voided_because text
);

-- A code is in one hand at a time, whoever plans.
create unique index rewards_code_once on rewards (coalesce(pool, ''), code)
where voided_at is null;
create index rewards_of_campaign on rewards (campaign, step, given_on);
