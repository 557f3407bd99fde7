"""Numbers of runs in, intervals and verdicts out. The metrics are in `metrics/`.

Knows no figures, no files and no training.
"""
