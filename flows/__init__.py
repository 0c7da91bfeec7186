"""What runs: one file per thing that can be started, scheduled, paused or retried."""

import logging

# What our own rooms tell is for the run's log in the UI; libraries stay at WARNING.
for room in ("flows", "tasks", "connectors", "sql"):
    logging.getLogger(room).setLevel(logging.INFO)
