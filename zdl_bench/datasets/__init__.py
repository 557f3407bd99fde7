"""Data sets, one kind per file. To add one: a YAML of its name in `conf/dataset/`, and a file here for a new format."""
