-- Keep the files of this version: what was approved is what is sent.
insert into campaign_versions (campaign, version, files)
values (:campaign, :version, cast(:files as jsonb))
on conflict (campaign, version) do nothing;
