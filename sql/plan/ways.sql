-- The ways a message of this campaign can go: channels in order, with their accounts.
create temporary table way on commit drop as
select
    way.*,
    -- What must have been agreed to, as in customers.agreed_to.
    :purpose || ' ' || way.consent_name as subject,
    -- An account without a scope reaches every identifier of its channel's kind.
    way.scope is null
    and count(*) over (partition by way.channel) > 1 as has_rivals
from
    jsonb_to_recordset(cast(:ways as jsonb))
        as way (
            way smallint,
            position smallint,
            channel text,
            kind text,
            consent_name text,
            account text,
            scope text,
            price numeric,
            windows jsonb
        );

analyze way;
