"""What was planned, sent: nobody twice, nobody forgotten."""
