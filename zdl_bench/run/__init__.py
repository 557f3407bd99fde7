"""The nouns: configs, curves, runs, seeds, labels, experiments; and atomic files.

Imports `errors` alone: what a run is does not depend on who makes, stores or judges it.
"""
