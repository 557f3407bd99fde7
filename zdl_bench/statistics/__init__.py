"""Numbers of runs → intervals and verdicts; the metrics are in `metrics/`.

The code here knows nothing about figures, files or training.
"""
