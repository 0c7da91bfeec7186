"""One decision per candidate, frozen."""
