"""Problems, one per file. To add one: a file here and a YAML of its name in `conf/problem/`.

A problem gives losses and gradients; it does not know who minimizes it.
"""
