"""One format of data per file, named by YAMLs in `conf/dataset/`.

A data set provides images and labels. It does not know which problem uses them.
"""
