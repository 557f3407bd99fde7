"""One update rule per file, named by a YAML in `conf/optimizer/`.

A rule knows arrays and hyper-parameters. It knows neither the problem nor any other rule.
"""
