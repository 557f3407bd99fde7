"""One file per command, and what a person sees on the terminal.

This is the top room: no other room imports it.
"""
