"""The loop over runs, one executor per file: configs in, finished runs out.

Stores and judges nothing. Only this room imports joblib and Dask.
"""
