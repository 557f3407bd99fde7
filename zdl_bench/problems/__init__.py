"""One problem per file, named by a YAML in `conf/problem/`.

A problem gives losses and gradients; it does not know who minimizes it.
"""
