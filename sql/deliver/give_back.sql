-- What did not leave was not spent.
update sending_accounts
set
    day_spent = greatest(0, day_spent - cast(:unspent as integer)),
    month_spent = greatest(0, month_spent - cast(:unspent as integer))
where channel = :channel and account = :account;
