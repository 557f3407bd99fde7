"""Files of runs and sweeps, and the frames that are loaded from them.

Knows nothing about training. The contents of a file are data, and no part of them is executed.
"""
