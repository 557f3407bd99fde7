"""Frames → figures, tables, findings and one page.

Trains nothing. Nothing else knows seaborn and matplotlib.
"""
