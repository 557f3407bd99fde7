"""Metrics: functions from a Curve to a float. To add a metric, decorate a function in the file of its kind with `metric`."""
