"""The loop over runs: configs in, finished runs out. One executor per file.

Does not store or judge. Nothing else knows joblib and Dask.
"""
