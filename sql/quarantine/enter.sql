-- Put the refused records of a batch into quarantine, each text once.
create temp table entered on commit drop as
with numbered as (
    select
        refused_record.record_no,
        refused_record.rules,
        refused_record.reasons,
        given.raw,
        given.place,
        given.record_key,
        given.version_at,
        row_number() over (
            partition by given.record_key, given.raw::text order by given.record_no
        ) as copy_no
    from refused_record
    inner join checked_record as given
        on refused_record.record_no = given.record_no
)

select distinct on (record_digest(raw, record_key, copy_no))
    record_digest(raw, record_key, copy_no) as raw_digest,
    record_no,
    rules,
    reasons,
    raw,
    place,
    record_key,
    version_at
from numbered
order by record_digest(raw, record_key, copy_no), record_no;

insert into quarantine (
    batch_id, source, stream, entity, record_no, record_key, rules, reasons,
    version_at, raw, raw_digest, place
)
select
    :batch_id,
    :source,
    :stream,
    :entity,
    record_no,
    record_key,
    rules,
    reasons,
    version_at,
    raw,
    raw_digest,
    place
from entered
-- What this very batch brought before and somebody settled since stays settled.
where
    not exists (
        select from quarantine as settled
        where
            settled.batch_id = :batch_id
            and settled.raw_digest = entered.raw_digest
            and settled.resolution in ('replayed', 'dismissed')
    )
order by record_no
on conflict (source, stream, raw_digest) where resolved_at is null do update
    set
        batch_id = excluded.batch_id,
        record_no = excluded.record_no,
        rules = excluded.rules,
        reasons = excluded.reasons,
        place = excluded.place,
        last_seen_at = now();

-- What this batch had in quarantine before, and which is not refused any more.
update quarantine
set resolution = 'superseded', resolved_at = now()
where
    batch_id = :batch_id
    and resolved_at is null
    and not exists (
        select from entered
        where entered.raw_digest = quarantine.raw_digest
    );
