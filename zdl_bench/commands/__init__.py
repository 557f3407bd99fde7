"""One file per command, and what a person sees on the terminal.

The top: no other room imports this one.
"""
