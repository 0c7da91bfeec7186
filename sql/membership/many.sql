-- Are so many chosen that judging everybody is less work?
select :chosen * 5 > count(*) as is_many
from customer_facts;
