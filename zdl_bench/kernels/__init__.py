"""Arithmetic between the matrix products; NumPy and numba give the same bits.

Knows arrays, not optimizers, problems or runs.
"""
