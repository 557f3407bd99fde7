"""Executors, one per file: each maps the training loop over runs."""
