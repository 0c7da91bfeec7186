"""The verbs of the `regulars` command, one file per group."""
