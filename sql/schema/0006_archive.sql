-- What is kept apart because of its age, out of the way of the daily work?
create schema archive;

-- Openings and clicks of long ago: reports of those days read both.
create table archive.outcome (like regulars.outcome);
create index archived_outcome_of_touch on archive.outcome (touch_id);
