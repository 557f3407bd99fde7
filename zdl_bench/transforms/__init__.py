"""One transform per file, named by a YAML in `conf/transform/`: a wrapper around any optimizer, which is an optimizer, too.

A transform knows the contract of optimizers. It knows neither the problem nor what is inside.
"""
