-- What came out?
select * from computed;
