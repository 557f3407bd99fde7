"""Schedules, one per file. To add one: a file here and a YAML of its name in `conf/schedule/`.

A schedule knows the number of the step, not the optimizer or the problem.
"""
