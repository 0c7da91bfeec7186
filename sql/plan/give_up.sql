-- Which deferred messages lost their reason or their time?
update touch
set
    decision = 'skipped',
    reason = case
        when touch.latest_at < :as_of then 'too_late' else 'no_longer_eligible'
    end,
    replanned_in = :run
where
    touch.campaign = :campaign
    and touch.decision = 'deferred'
    and touch.not_before <= :as_of
    and not exists (
        select
        from due
        where due.known_id = touch.touch_id and due.standing = 'again'
    );
