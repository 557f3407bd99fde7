"""The only training loop, and its probes: RunConfig → Run.

Imports neither stored results, nor frames, nor executors.
"""
