"""The only training loop, and its probes: RunConfig → Run.

Knows no files of results, no frames, no executor.
"""
