"""Figures, one per file: a tidy frame and an Axes in, the Axes out. They work from a notebook as well."""
