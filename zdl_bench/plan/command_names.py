"""The commands other than the one that trains runs, and their options."""

COMMAND_OPTIONS = {
    "report": ("--results", "--formats"),
    "verify": ("--results", "--runs", "--reference", "--timeout"),
    "ls": ("--results",),
    "bench": (),
}
