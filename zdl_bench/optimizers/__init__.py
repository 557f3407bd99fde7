"""One update rule per file, named by a YAML in `conf/optimizer/`.

A rule knows arrays and hyper-parameters, not the problem, and no other rule.
"""
