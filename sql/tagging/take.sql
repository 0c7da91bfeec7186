-- Take a tag from a customer that staff gave.
delete from tags
where customer_id = :customer_id and tag = :tag and origin = 'staff'
returning tag;
