"""The loop over runs: configs in, finished runs out. One executor per file.

Does not store or judge runs. No other room knows joblib and Dask.
"""
