-- Does any edge still join two labels?
select exists(select from edges) as is_any;
