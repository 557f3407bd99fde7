"""Frames of numbers → tables. One list of columns gives the files and the cells of the page."""
