-- An empty ledger, for the same people.
truncate touch, chunk, attempt, outcome, detour, lease, campaign_runs;
