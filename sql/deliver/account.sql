-- Make sure that the account has a row to spend from.
insert into sending_accounts (channel, account)
values (:channel, :account)
on conflict do nothing;
