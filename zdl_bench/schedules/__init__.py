"""One schedule of the learning rate per file, named by a YAML in `conf/schedule/`.

A schedule knows the number of the step. It knows neither the optimizer nor the problem.
"""
