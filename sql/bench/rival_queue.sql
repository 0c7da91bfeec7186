-- A queue whose rows are updated when claimed and again when sent.
create table rival_queue (
    message_id bigint primary key,
    campaign text not null,
    occasion text not null,
    customer_id bigint not null,
    address text not null,
    params jsonb,
    state text not null default 'queued',
    claimed_by text,
    claimed_at timestamptz,
    sent_at timestamptz,
    unique (campaign, occasion, customer_id)
);

create index rival_queue_waiting on rival_queue (message_id)
where state = 'queued';

insert into rival_queue (
    message_id, campaign, occasion, customer_id, address, params
)
select
    touch_id,
    campaign,
    occasion,
    customer_id,
    address,
    params
from touch
where campaign = :campaign;
