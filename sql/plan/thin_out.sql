-- Keep this share of the audience, always the same people; leave those out alone.
delete from candidate
where in_audience and share('rehearsal', customer_id) >= :kept;

analyze candidate;
