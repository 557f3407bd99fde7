"""The flags that Hydra is given. Its own parser would answer a wrong one with its usage, closed flags and all."""

from collections.abc import Sequence
from itertools import zip_longest

from zdl_bench.errors import ConfigError, require, shown

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


def require_open_flags(arguments: Sequence[str]) -> None:
    """Raises ConfigError for a flag that there is not, that is closed, or whose value is missing or none of its choices."""
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        if not argument.startswith("-"):
            continue
        flag, has_value, value = argument.partition("=")
        name = LONG_NAMES.get(flag, flag)
        given = value if has_value else "" if following.startswith("-") else following
        if name == "--experimental-rerun":
            raise ConfigError(f"{shown(argument)}: it would load a pickle; type the command of the run again instead")
        if name not in WITHOUT_VALUE | WITH_CHOICE.keys() | WITH_VALUE:
            raise ConfigError(f"{shown(argument)}: there is no such flag; see --help for ours, --hydra-help for Hydra's")
        require(flag, value, not (has_value and name in WITHOUT_VALUE), "it takes no value; leave it out")
        require(flag, value, bool(given) or name not in WITH_VALUE, "it takes a value")
        if name in WITH_CHOICE and (given or name == "--cfg"):  # `--info` alone is all of it
            require(flag, given, given in WITH_CHOICE[name], f"choose one of {', '.join(WITH_CHOICE[name])}")


def asks_for_config(arguments: Sequence[str]) -> bool:
    """Whether the config is to be printed, instead of runs made."""
    return any(argument.partition("=")[0] in ("-c", "--cfg") for argument in arguments)
