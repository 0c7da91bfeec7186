-- Let this account send again.
update sending_accounts
set
    stopped_at = null,
    stopped_because = null,
    paused_until = null,
    failures_in_a_row = 0
where channel = :channel and account = :account;
