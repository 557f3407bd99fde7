"""Names → objects, through the YAMLs of `conf/`; and the code that belongs to the identity of a run.

Resolves names alone: never a class or a path that a stored file gives.
"""
