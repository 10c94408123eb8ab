"""The composition root of `run`."""
