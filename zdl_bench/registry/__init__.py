"""Names → objects, through the YAMLs of `conf/`; and the code that identifies a part.

A stored file gives only names of YAMLs and values. A class or a path in a stored file is never used.
"""
