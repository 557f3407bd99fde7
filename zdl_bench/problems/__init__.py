"""Problems, one per file. To add one: a file here and a YAML of its name in `conf/problem/`."""
