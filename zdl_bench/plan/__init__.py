"""Words → run configs: the schema, overrides, expansion, completion and their messages.

Hydra is known here alone.
"""
