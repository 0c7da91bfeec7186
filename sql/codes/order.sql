-- Which order is meant?
select order_id
from orders
where source = :source and order_number = :order_number
