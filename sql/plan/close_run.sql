-- Keep what the run decided beside it.
update campaign_runs
set
    state = :state,
    waterfall = cast(:waterfall as jsonb),
    candidates = :candidates,
    cost = :cost,
    counts = cast(:counts as jsonb)
where campaign_run_id = :run;
