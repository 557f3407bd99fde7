"""Files of runs and sweeps, and the frames that are loaded from them.

Knows no training: what a file says is data, and none of it is executed.
"""
