"""Arithmetic between the matrix products; NumPy and numba give the same bits.

Knows only arrays. Does not know optimizers, problems or runs.
"""
