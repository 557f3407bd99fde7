"""Words → run configs: schema, overrides, expansion, completion, and their messages.

Nothing else knows Hydra.
"""
