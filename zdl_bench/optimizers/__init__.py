"""Optimizers, one rule per file. To add one: a file here and a YAML of its name in `conf/optimizer/`.

A rule knows arrays and hyper-parameters, not the problem, and no other rule.
"""
