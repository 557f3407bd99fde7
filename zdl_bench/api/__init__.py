"""What people call from Python: sweeps, results, figures and reports. The commands do the same on a terminal.

This room knows no terminal: it speaks through a `Voice`. Only `commands` and `cli` are above it.
"""
