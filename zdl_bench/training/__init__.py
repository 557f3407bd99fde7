"""The only training loop, and its probes: RunConfig → Run.

Knows no stored files, no frames, no executor.
"""
