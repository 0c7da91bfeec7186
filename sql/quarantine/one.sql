-- What do we know of this entry?
select *
from quarantine
where quarantine_id = :quarantine_id
