"""The loop over runs, one executor per file: configs in, finished runs out.

Does not store or judge; joblib and Dask are known here alone.
"""
