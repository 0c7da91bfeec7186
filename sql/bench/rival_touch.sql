-- A bare table with the keys of the ledger and what was in it, and the rows to come.
drop table if exists rival_touch;

create table rival_touch (
    like touch,
    primary key (touch_id),
    unique (customer_id, campaign, step, occasion)
);

insert into rival_touch
select *
from touch
where campaign != :campaign
order by touch_id;

drop table if exists rival_rows;

create unlogged table rival_rows as
select *
from touch
where campaign = :campaign
order by touch_id;
