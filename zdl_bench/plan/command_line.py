"""The reader of command lines that ask for runs: flags for Hydra, keys with their values, and the experiment."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.types import OverrideType

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.flags import MULTIRUN, flags_and_overrides
from zdl_bench.plan.grammar import TEXTS, several_texts
from zdl_bench.plan.hydra_keys import foreign_sweeper, require_open
from zdl_bench.plan.messages import plain_messages
from zdl_bench.plan.overrides import Reading, canonical, read_all
from zdl_bench.plan.schema import KEYS_THAT_CHOOSE_RUNS, SWEEP_KEYS
from zdl_bench.plan.tuning_keys import TuningKeys, without_tuning_keys
from zdl_bench.plan.tuning_seeds import without_tuning_seeds
from zdl_bench.plan.zipped import Zips, without_zip
from zdl_bench.registry import conf_files
from zdl_bench.run.experiment import Experiment


@dataclass(frozen=True)
class CommandLine:
    """The content of a command line that asks for runs.

    arguments: the typed arguments, each in the form that `canonical` returns. flags: the flags of Hydra, each followed by its
    value, without `-m`. readings: one per key, except those of the following fields. tuning_seeds, zips: those of the command
    line, or None if it gives none. tuning: its other keys about tuning. experiment_yaml: the content of the experiment's YAML,
    with the tuning seeds of the command line, and with what else it says of the tuning.
    call: the call in Python that the arguments stand for, if no command line gives the same runs; otherwise empty.
    """

    arguments: Sequence[str]
    flags: Sequence[str]
    readings: Sequence[Reading]
    is_sweep: bool
    tuning_seeds: tuple[int, ...] | None = None
    zips: Zips | None = None
    tuning: TuningKeys = field(default_factory=TuningKeys)
    experiment_name: str | None = None
    experiment_yaml: dict[str, Any] | None = None
    experiment: Experiment | None = None
    call: str = ""

    @property
    def asks_for_config(self) -> bool:
        """Whether the user wants to see the config instead of training a run."""
        return any(flag.partition("=")[0] in ("-c", "--cfg") for flag in self.flags)

    @property
    def has_hydra_keys(self) -> bool:
        """Whether an argument chooses a sweeper or a launcher of Hydra."""
        return any(argument.lstrip("+").startswith("hydra/") for argument in self.arguments)

    @property
    def chooses_runs_later(self) -> bool:
        """Whether the sweep may have further runs that are not known before its first batch has finished."""
        adds_seeds = any(reading.key == "until" and reading.values != [None] for reading in self.readings)
        is_tuned = bool(self.experiment.tuning_seeds if self.experiment else self.tuning_seeds)
        return self.has_hydra_keys or adds_seeds or is_tuned

    @property
    def overrides(self) -> list[str]:
        """The arguments that are no flags, without `-m` and the values of flags."""
        return [argument for argument in flags_and_overrides(self.arguments)[1] if "=" in argument]

    @property
    def overrides_of_runs(self) -> list[str]:
        """The overrides that may change which runs the sweep has, or the numbers of runs, sorted."""
        others = {*SWEEP_KEYS} - {*KEYS_THAT_CHOOSE_RUNS}
        return sorted(override for override in self.overrides if _first_word(override) not in others)

    @property
    def changes_experiment(self) -> bool:
        """Whether an override may change the runs that the experiment defines."""
        return any(_first_word(override) not in ("experiment", "hydra") for override in self.overrides_of_runs)

    @property
    def names_library(self) -> bool:
        """Whether an optimizer of another library is chosen, whose keys only the library knows."""
        chosen = [name for reading in self.readings if reading.key == "optimizer" for name in reading.values]
        return any(conf_files.wraps("optimizer", str(name)) for name in chosen)

    @property
    def overrides_for_hydra(self) -> list[str]:
        """Each override in a form that Hydra reads as the user meant it.

        The experiment is left out, since its YAML is not one of Hydra's.
        """
        readings = [reading for reading in self.readings if reading.key != "experiment"]
        return [_unchecked(one) if self.is_sweep or self.names_library else one.for_hydra for one in readings]


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
        flags, overrides = flags_and_overrides(arguments)
        readings, tuning_seeds = without_tuning_seeds(read_all(overrides))
        readings, zips = without_zip(readings)
        readings, tuning = without_tuning_keys(readings)
    name = _experiment_name(readings)
    content = dict(conf_files.load_experiment(name)) if name is not None else None
    if content is not None:
        content |= tuning.of_experiment | ({} if tuning_seeds is None else {"tuning_seeds": [*tuning_seeds]})
    other_flags = [flag for flag in flags if flag not in MULTIRUN]
    command_line = CommandLine(
        arguments=arguments,
        flags=other_flags,
        readings=readings,
        is_sweep=len(other_flags) < len(flags) or (name is not None and not other_flags),
        tuning_seeds=tuning_seeds,
        zips=zips,
        tuning=tuning,
        experiment_name=name,
        experiment_yaml=content,
        experiment=Experiment.of(name, content) if name is not None and content is not None else None,
    )
    if name is not None and foreign_sweeper(arguments):
        raise ConfigError("hydra/sweeper: an experiment defines its own sweep; leave out the sweeper or the experiment")
    for key, value in (("tuning_seeds", tuning_seeds), ("zip", zips), *((key, True) for key in tuning.given)):
        if value and foreign_sweeper(arguments):
            raise ConfigError(f"hydra/sweeper: another sweeper chooses its own runs; leave out the sweeper or {key}")
    seeds_that_choose = command_line.experiment.tuning_seeds if command_line.experiment else tuning_seeds
    tuning.require_sweep(is_sweep=command_line.is_sweep, tuning_seeds=seeds_that_choose or ())
    if zips and not command_line.is_sweep:
        raise ConfigError("zip: one run has no values to pair; put -m before the keys, for example -m zip=optimizer,lr …")
    if tuning_seeds and not command_line.is_sweep:
        raise ConfigError(
            "tuning_seeds: one run has no learning rate to choose; put -m before the keys and give several learning rates, for "
            "example -m lr=1e-3,1e-2, or leave tuning_seeds out"
        )
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
