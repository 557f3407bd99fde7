"""Words → run configs: the schema, overrides, expansion, completion and their messages. Only this room knows Hydra."""
