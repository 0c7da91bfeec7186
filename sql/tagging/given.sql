-- Room for the tags that staff give: who is meant may be an id, a phone, an address.
create temporary table given (
    line integer not null,
    customer text not null,
    tag text not null,
    value text not null,
    expires_at timestamptz
) on commit drop;
