"""Frames → figures, tables, findings and one page. It trains nothing.

seaborn and matplotlib are known here alone.
"""
