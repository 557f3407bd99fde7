"""Words → run configs: schema, overrides, expansion, completion, and their messages.

No other room knows Hydra.
"""
