"""The only training loop, and its probes: RunConfig → Run.

Does not know stored files, frames or executors.
"""
