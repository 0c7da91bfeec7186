-- Begin a campaign run.
insert into campaign_runs (campaign, as_of, version, purpose, ways)
values (:campaign, :as_of, :version, :purpose, cast(:ways as jsonb))
returning campaign_run_id;
