"""Files of runs and sweeps, and the frames that are loaded from them.

This package knows nothing about training. The content of a file is treated as data; no part of the content is executed.
"""
