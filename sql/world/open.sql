-- What does the generator keep beside the tables that it fills?
create schema if not exists world;

create table world.spec (
    customers bigint not null,
    orders_per_customer double precision not null,
    seed bigint not null,
    until timestamptz not null,
    is_identified boolean not null
);

create table world.people (
    person bigint primary key,
    orders integer not null,
    -- Days between two orders, on the average of this person.
    rhythm double precision not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    home smallint not null,
    accounts smallint not null,
    has_phone boolean not null,
    has_email boolean not null,
    has_unionid boolean not null,
    gives_junk_phone boolean not null
);

-- A number in [0, 1) that is the same for the same three, on every machine.
create function world.chance(what text, seed bigint, id bigint)
returns double precision
language sql immutable parallel safe
return (
    hashint8extended(id, hashtextextended(what, seed)) & 9007199254740991
) / cast(9007199254740992 as double precision);

create function world.source(home bigint, account bigint) returns text
language sql immutable parallel safe
return (array['youzan_main', 'taobao_main', 'douyin_main'])[
    1 + (home + account) % 3
];

create function world.buyer(person bigint, account bigint) returns text
language sql immutable parallel safe
return cast(10000000000 + person * 4 + account as text);

create function world.phone(person bigint) returns text
language sql immutable parallel safe
return '861' || cast(3000000000 + person * 37 % 6000000000 as text);

create function world.email(person bigint) returns text
language sql immutable parallel safe
return 'c' || cast(person as text) || '@example.'
|| (array['com', 'net', 'org'])[1 + person % 3];

create function world.unionid(person bigint) returns text
language sql immutable parallel safe
return 'oU' || substr(md5('union' || cast(person as text)), 1, 26);

create function world.openid(person bigint) returns text
language sql immutable parallel safe
return 'oP' || substr(md5('open' || cast(person as text)), 1, 26);

create function world.external_userid(person bigint) returns text
language sql immutable parallel safe
return 'wm' || substr(md5('external' || cast(person as text)), 1, 30);

-- An invented name of two or three characters.
create function world.name(seed bigint, person bigint) returns text
language sql immutable parallel safe
return
substr(
    '王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹',
    1 + cast(floor(30 * world.chance('family name', seed, person)) as integer), 1
)
|| substr(
    '雨晨思佳欣怡子涵梓睿浩宇轩诗琪雅静婷文博嘉俊杰明远晓丹芳',
    1 + cast(floor(28 * world.chance('given name', seed, person)) as integer),
    1 + cast(floor(2 * world.chance('name length', seed, person)) as integer)
);
