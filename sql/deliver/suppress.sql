-- Never write to this address again on this channel, and why not.
insert into suppressions (channel, address, reason, evidence)
values (:channel, :address, :reason, :evidence)
on conflict (channel, address) do update
    set
        reason = excluded.reason,
        evidence = excluded.evidence,
        suppressed_at = now(),
        released_at = null
    where suppressions.released_at is not null;
