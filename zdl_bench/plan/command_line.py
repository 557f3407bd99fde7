"""The reader of command lines that ask for runs: flags for Hydra, keys with their values, and the experiment."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.types import OverrideType

from zdl_bench.errors import ConfigError, display, hint, require
from zdl_bench.plan.grammar import TEXTS, several_texts
from zdl_bench.plan.hydra_keys import foreign_sweeper, require_open
from zdl_bench.plan.keys import similar_keys
from zdl_bench.plan.messages import plain_messages
from zdl_bench.plan.overrides import Reading, canonical, read_all
from zdl_bench.plan.schema import SWEEP_KEYS
from zdl_bench.registry import conf_files
from zdl_bench.run.experiment import Experiment

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


@dataclass(frozen=True)
class CommandLine:
    """The content of a command line that asks for runs.

    arguments: the typed arguments, each in the form that `canonical` returns. flags: the flags of Hydra, each followed by its
    value, without `-m`. readings: one per key. experiment_yaml: the content of the experiment's YAML.
    """

    arguments: Sequence[str]
    flags: Sequence[str]
    readings: Sequence[Reading]
    is_sweep: bool
    experiment_name: str | None = None
    experiment_yaml: dict[str, Any] | None = None
    experiment: Experiment | None = None

    @property
    def asks_for_config(self) -> bool:
        """Whether the user wants to see the config instead of training a run."""
        return any(flag.partition("=")[0] in ("-c", "--cfg") for flag in self.flags)

    @property
    def has_hydra_keys(self) -> bool:
        """Whether an argument chooses a sweeper or a launcher of Hydra."""
        return any(argument.lstrip("+").startswith("hydra/") for argument in self.arguments)

    @property
    def overrides_of_runs(self) -> list[str]:
        """The overrides that may change the numbers of runs, sorted. They are all overrides except keys of the whole sweep."""
        overrides = [argument for argument in self.arguments if "=" in argument and not argument.startswith("-")]
        return sorted(override for override in overrides if _first_word(override) not in SWEEP_KEYS)

    @property
    def changes_experiment(self) -> bool:
        """Whether an override may change the runs that the experiment defines."""
        return any(_first_word(override) not in ("experiment", "hydra") for override in self.overrides_of_runs)

    @property
    def for_hydra(self) -> list[str]:
        """The arguments for Hydra: flags first, then each override in a form that Hydra reads as the user meant it."""
        if not self.is_sweep:
            return [*self.flags, *(reading.for_hydra for reading in self.readings)]
        return ["-m", *self.flags, *map(_unchecked, self.readings)]


def _unchecked(reading: Reading) -> str:
    """Return the override for Hydra, with ++ before a key of a part.

    Without ++, Hydra would look for the key in the default part instead of the chosen part.
    """
    is_of_part = reading.group in conf_files.groups() and "." in reading.key
    is_change = reading.override.type is OverrideType.CHANGE and not reading.is_sweep
    return f"++{reading.settings[0].text}" if is_of_part and is_change else reading.for_hydra


def _first_word(override: str) -> str:
    return re.split(r"[.@=/]", override.lstrip("+~"))[0]


def read_command_line(typed: Sequence[str]) -> CommandLine:
    """Read the arguments and the experiment that they name. Raise ConfigError for a wrong flag or key."""
    with plain_messages(typed):
        arguments = [canonical(argument) for argument in typed]
        require_open(arguments)
        flags, overrides = _flags_and_overrides(arguments)
        readings = read_all(overrides)
    name = _experiment_name(readings)
    content = dict(conf_files.load_experiment(name)) if name is not None else None
    other_flags = [flag for flag in flags if flag not in MULTIRUN]
    command_line = CommandLine(
        arguments=arguments,
        flags=other_flags,
        readings=readings,
        is_sweep=len(other_flags) < len(flags) or (name is not None and not other_flags),
        experiment_name=name,
        experiment_yaml=content,
        experiment=Experiment.of(name, content) if name is not None and content is not None else None,
    )
    if name is not None and foreign_sweeper(arguments):
        raise ConfigError("hydra/sweeper: an experiment defines its own sweep; leave out the sweeper or the experiment")
    sweeps = [reading for reading in readings if reading.is_sweep]
    if sweeps and not command_line.is_sweep:
        argument = sweeps[0].argument
        if sweeps[0].declared in TEXTS:
            raise ConfigError(several_texts(argument))
        raise ConfigError(
            f"{display(argument)}: several values make a sweep; put -m before this argument, or write a list as 'key=[a,b]'"
        )
    return command_line


def _experiment_name(readings: Sequence[Reading]) -> str | None:
    if any(reading.key.startswith("experiment.") for reading in readings):
        raise ConfigError(
            "experiment: the keys of an experiment can only be set in its YAML; give keys of a run instead, for example seed=0"
        )
    for reading in readings:
        if reading.key == "experiment":
            if reading.is_sweep:
                raise ConfigError("experiment: only one experiment can run at a time; give one name")
            [name] = reading.values
            known = conf_files.experiment_names()
            if name not in known:
                raise ConfigError(
                    conf_files.describe_unknown("experiment", name if isinstance(name, str) else reading.typed, known)
                )
            return str(name)
    return None


def _flags_and_overrides(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the flags, each followed by its value, and the overrides. Hydra accepts flags only before overrides.

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
        flags.append(argument)
        flag, has_value, value = argument.partition("=")
        name = LONG_NAMES.get(flag, flag)
        if not has_value and waiting and _takes(name, waiting[0]):
            value = waiting.pop(0)
            flags.append(value)
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
