-- Which record of a replay is which entry? They were staged in this order.
update quarantine
set replayed_in = :batch_id, replayed_as = given.number
from unnest(cast(:ids as bigint[])) with ordinality as given (quarantine_id, number)
where quarantine.quarantine_id = given.quarantine_id
