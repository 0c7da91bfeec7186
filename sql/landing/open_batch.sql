-- Begin a batch; what is its number?
insert into batch (
    source, stream, entity, is_replay, backfill_id, holds_whole_orders, record_key,
    repeated_lines
)
values (
    :source, :stream, :entity, :is_replay, :backfill_id, :holds_whole_orders,
    :record_key, :repeated_lines
)
returning batch_id
