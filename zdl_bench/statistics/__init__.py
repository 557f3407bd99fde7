"""Numbers of runs → intervals and verdicts; the metrics are in `metrics/`.

Knows no figures, no files and no training.
"""
