"""The flags that Hydra is given. Its own parser would answer a wrong one with its usage, closed flags and all."""

from collections.abc import Sequence

from zdl_bench.errors import ConfigError, display, hint, require
from zdl_bench.plan.keys import meant

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
WITHOUT_VALUE = {"--help", "--hydra-help", "--multirun", "--run", "--resolve", "--shell-completion"}
WITH_CHOICE = {
    "--cfg": ("job", "hydra", "all"),
    "--info": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
}
WITH_VALUE = {"--package", "--config-path", "--config-name", "--config-dir"}


def flags_and_overrides(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The flags, each with its value, and the others: Hydra takes flags only before them.

    Raises ConfigError for a flag that there is not, that is closed, or whose value is missing or none of its choices.
    """
    flags: list[str] = []
    overrides: list[str] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":  # what follows are no flags anyway
            continue
        if not argument.startswith("-"):
            overrides.append(argument)
            continue
        flags.append(argument)
        flag, has_value, value = argument.partition("=")
        name = LONG_NAMES.get(flag, flag)
        if not has_value and waiting and _takes(name, waiting[0]):
            value = waiting.pop(0)
            flags.append(value)
        _require_open(argument, flag, name, value)
        require(flag, value, not (has_value and name in WITHOUT_VALUE), "it takes no value; leave it out")
    return flags, overrides


def _takes(name: str, following: str) -> bool:
    """Whether what follows a flag is its value. `--info` may stand alone."""
    return name in WITH_VALUE or name == "--cfg" or (name in WITH_CHOICE and following in WITH_CHOICE[name])


def _require_open(argument: str, flag: str, name: str, value: str) -> None:
    if name == "--experimental-rerun":
        raise ConfigError(f"{display(argument)}: it would load a pickle; type the command of the run again instead")
    if name not in WITHOUT_VALUE | WITH_CHOICE.keys() | WITH_VALUE:
        known = "see --help for ours, --hydra-help for Hydra's, and write it in full"
        remedy = hint([f"{key}=VALUE" for key in meant(flag.strip("-"))], known)
        raise ConfigError(f"{display(argument)}: there is no such flag; {remedy}")
    require(flag, value, (bool(value) and not value.startswith("-")) or name not in WITH_VALUE, "it takes a value")
    if name in WITH_CHOICE and (value or name == "--cfg"):  # `--info` alone is all of it
        require(flag, value, value in WITH_CHOICE[name], f"choose one of {', '.join(WITH_CHOICE[name])}")


def asks_for_config(arguments: Sequence[str]) -> bool:
    """Whether the config is to be printed, instead of runs made."""
    return any(argument.partition("=")[0] in ("-c", "--cfg") for argument in arguments)
