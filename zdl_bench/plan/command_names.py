"""The names of all commands with their options, except for the command that trains runs, which has no name."""

from collections.abc import Sequence

COMMAND_OPTIONS = {
    "report": ("--results", "--config-dir", "--formats"),
    "verify": ("--results", "--config-dir", "--runs", "--reference", "--timeout"),
    "ls": ("--results", "--config-dir"),
    "compare": ("--results", "--config-dir", "--against", "--margin", "--format"),
    "merge": ("--results", "--config-dir", "--verify", "--timeout"),
    "export": ("--results", "--config-dir", "--to", "--format"),
    "rm": ("--results", "--config-dir", "--yes"),
    "bench": (),
    "conform": (),
    "new": ("--config-dir",),
}
NEW_KINDS = ("optimizer", "problem", "schedule", "transform")
"""The groups of which `new` can write a part."""


def config_dir_of(words: Sequence[str]) -> str | None:
    """Return the value of --config-dir, which all commands have, or None. A command complains about a missing value itself."""
    for word, following in zip(words, [*words[1:], ""], strict=False):
        flag, has_value, value = word.partition("=")
        if flag in ("--config-dir", "-cd") and (value or following):
            return value if has_value else following
    return None
