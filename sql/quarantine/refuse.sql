-- Which records break a rule, for which reasons? One row each, for load to leave out.
insert into refused_record (record_no, rules, reasons)
select
    record_no,
    array_agg(rule order by position) as rules,
    array_agg(reason order by position) as reasons
from (
    select
        record_no,
        rule,
        reason,
        min(position) as position
    from failing
    group by record_no, rule, reason
) as failed
group by record_no;
