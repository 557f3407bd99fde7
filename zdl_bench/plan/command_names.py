"""The names of all commands with their options, except for the command that trains runs, which has no name."""

COMMAND_OPTIONS = {
    "report": ("--results", "--formats"),
    "verify": ("--results", "--runs", "--reference", "--timeout"),
    "ls": ("--results",),
    "bench": (),
}
