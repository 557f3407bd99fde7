"""The commands besides the one that makes runs, and their options."""

COMMAND_OPTIONS = {
    "report": ("--results", "--formats"),
    "verify": ("--results", "--runs", "--reference", "--timeout"),
    "ls": ("--results",),
    "bench": (),
}
