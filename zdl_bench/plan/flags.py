"""The flags of Hydra on a command line, apart from the overrides."""

from collections.abc import Sequence

from zdl_bench.errors import ConfigError, display, hint, require
from zdl_bench.plan.keys import similar_keys

MULTIRUN = ("-m", "--multirun")
LONG_NAMES = {
    "-h": "--help",
    "-m": "--multirun",
    "-r": "--run",
    "-sc": "--shell-completion",
    "-c": "--cfg",
    "-i": "--info",
    "-p": "--package",
    "-cp": "--config-path",
    "-cn": "--config-name",
    "-cd": "--config-dir",
}
FLAGS_WITHOUT_VALUE = {"--help", "--hydra-help", "--multirun", "--run", "--resolve", "--shell-completion"}
FLAGS_WITH_CHOICE = {
    "--cfg": ("job", "hydra", "all"),
    "--info": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
}
FLAGS_WITH_VALUE = {"--package", "--config-path", "--config-name", "--config-dir"}


def flags_and_overrides(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the flags, each followed by its value, and the overrides. Hydra accepts flags only before overrides.

    `--config-dir` is left out, since `cli.py` reads it for all commands.

    Raise ConfigError for a flag that does not exist, that is not allowed, or whose value is wrong or missing. Hydra's own
    parser would print its usage, which includes the flags that are not allowed.
    """
    flags: list[str] = []
    overrides: list[str] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":  # has no effect here, because no override starts with `-`
            continue
        if not argument.startswith("-"):
            overrides.append(argument)
            continue
        flag, has_value, value = argument.partition("=")
        name, given = LONG_NAMES.get(flag, flag), [argument]
        if not has_value and waiting and _takes(name, waiting[0]):
            value = waiting.pop(0)
            given.append(value)
        flags += given if name != "--config-dir" else []
        _require_open_flag(argument, flag, name, value)
        require(flag, value, not (has_value and name in FLAGS_WITHOUT_VALUE), "this flag takes no value; leave the value out")
    return flags, overrides


def _takes(name: str, following: str) -> bool:
    """Return whether the argument after a flag is the value of the flag. `--info` may have no value."""
    return name in FLAGS_WITH_VALUE or name == "--cfg" or following in FLAGS_WITH_CHOICE.get(name, ())


def _require_open_flag(argument: str, flag: str, name: str, value: str) -> None:
    if name == "--experimental-rerun":
        raise ConfigError(f"{display(argument)}: this flag would load a pickle; type the command of the run again instead")
    if name not in FLAGS_WITHOUT_VALUE | FLAGS_WITH_CHOICE.keys() | FLAGS_WITH_VALUE:
        known = "see --help, or --hydra-help for the flags of Hydra, and write the flag in full"
        remedy = hint([f"{key}=VALUE" for key in similar_keys(flag.strip("-"))], known)
        raise ConfigError(f"{display(argument)}: there is no such flag; {remedy}")
    require(
        flag,
        value,
        (bool(value) and not value.startswith("-")) or name not in FLAGS_WITH_VALUE,
        f"this flag needs a value; write {flag} VALUE",
    )
    if name in FLAGS_WITH_CHOICE and (value or name == "--cfg"):  # `--info` without a value shows everything
        require(flag, value, value in FLAGS_WITH_CHOICE[name], f"choose one of {', '.join(FLAGS_WITH_CHOICE[name])}")
