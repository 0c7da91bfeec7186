"""Where data comes from: one file per outside system, found by its name."""
