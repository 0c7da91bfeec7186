-- Which number has the latest entry?
select coalesce(max(quarantine_id), 0) as quarantine_id
from quarantine
