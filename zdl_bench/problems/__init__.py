"""One problem per file, named by a YAML in `conf/problem/`.

A problem computes losses and gradients. It does not know which optimizer minimizes it.
"""
