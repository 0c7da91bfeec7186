"""How a step is done: one file per step of the pipeline."""
