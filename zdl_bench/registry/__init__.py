"""Names → objects, through the YAMLs of `conf/`; and the code that identifies a part.

Only names are resolved, never a class or a path that a stored file gives.
"""
