"""Metrics: a Curve in, a float out. To add one: a function with the `metric` decorator in the file of its kind."""
