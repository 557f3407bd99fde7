"""Data sets, one format per file. To add one: a YAML of its name in `conf/dataset/`, and a file here for a new format.

A data set gives images and labels; it does not know who learns them.
"""
