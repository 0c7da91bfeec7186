-- Staff said: this identifier is nobody's.
update identifiers
set is_junk = true, is_trusted = false, junk_reason = :because
where kind = :kind and value = :value and not is_junk
returning identifier_id;
