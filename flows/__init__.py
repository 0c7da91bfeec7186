"""What runs: one file per thing that can be started, scheduled, paused or retried."""
