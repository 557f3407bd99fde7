"""The loop over runs: configs in, finished runs out. One executor per file.

Executors do not store or evaluate runs. No other room imports joblib or Dask.
"""
