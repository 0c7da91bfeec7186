-- What do the new links join, now that some identifiers are junk or had to part?
update fresh_links
set
    node_a = coalesce(a.customer_id, :new_from + a.identifier_id),
    node_b = coalesce(b.customer_id, :new_from + b.identifier_id),
    is_void = a.is_junk or b.is_junk
from identifiers as a, identifiers as b
where
    fresh_links.identifier_a = a.identifier_id
    and fresh_links.identifier_b = b.identifier_id;
