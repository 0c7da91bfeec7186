-- What the second connection is told of its half.
set local work_mem = '256MB';

create temporary table nodes (
    node bigint not null,
    label bigint not null
) on commit drop;

create temporary table fresh_links (
    link_id bigint not null,
    evidence text not null,
    node_a bigint not null,
    node_b bigint not null,
    is_void boolean not null
) on commit drop;
