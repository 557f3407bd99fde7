"""One format of data per file, named by YAMLs in `conf/dataset/`.

A data set gives images and labels; it does not know who learns them.
"""
