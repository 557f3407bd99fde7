"""Frames → figures, tables, findings and one page.

This package trains nothing. No other package uses seaborn or matplotlib.
"""
