"""Where messages go out: one file per channel, found by its name."""
