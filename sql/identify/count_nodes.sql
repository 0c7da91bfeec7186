-- How many identifiers and customers are to be joined, or are new?
select count(*) as nodes from nodes;
