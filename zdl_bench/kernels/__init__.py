"""Element by element, between the matrix products: arithmetic of which NumPy and numba give the same bits.

Knows arrays, not optimizers, problems or runs.
"""
