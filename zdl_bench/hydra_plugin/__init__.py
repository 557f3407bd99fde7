"""The only place that knows Hydra's inside: its sweeper, its launcher, its error messages."""
