"""The nouns: configs, curves, runs, seeds, labels, experiments; and atomic files.

Imports only `errors`, so that the definition of a run does not depend on the code that executes, stores or evaluates the run.
"""
