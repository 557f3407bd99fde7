"""Runs as files for other programs, one module per kind of file. Runs are taken one by one, so a store may be large."""
