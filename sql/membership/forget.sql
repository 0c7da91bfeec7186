-- The file of this segment is gone: everybody leaves it.
update segment_members
set left_at = :as_of
where segment = :segment and left_at is null;

delete from definitions
where kind = 'segment' and name = :segment;
