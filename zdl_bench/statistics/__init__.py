"""Statistics: numbers of runs in, intervals and verdicts out."""
