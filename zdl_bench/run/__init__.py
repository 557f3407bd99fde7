"""The nouns: configs, curves, runs and their statuses, streams, labels, the experiment as data, atomic files.

Imports `errors` alone: what a run is does not depend on who makes, stores or judges it.
"""
