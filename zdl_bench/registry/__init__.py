"""Names → objects, through the YAMLs of `conf/`; and the code that identifies a part.

Resolves names alone, never a class or a path that a stored file gives.
"""
