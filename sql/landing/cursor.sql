-- How far was the stream read?
select cursor
from stream_cursor
where source = :source and stream = :stream
