-- What became of the rows that an earlier run deferred?
update touch
set
    decision = decided.decision,
    reason = decided.reason,
    not_before = decided.not_before,
    identifier_id = decided.identifier_id,
    channel = decided.channel,
    account = decided.account,
    address = decided.address,
    language = decided.language,
    params = decided.params,
    replanned_in = :run
from decided
where decided.is_again and touch.touch_id = decided.touch_id;
