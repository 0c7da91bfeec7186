-- Has anybody's set of identifiers to be looked at again?
select exists(select from affected) as is_any;
