"""Hands arguments to Hydra, and what it composes to the sweep."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zdl_bench.errors import ConfigError, ZdlBenchError
from zdl_bench.plan.explanation import InternalError, plain_messages
from zdl_bench.plan.flags import MULTIRUN, flags_and_overrides
from zdl_bench.plan.foreign import folder_of_sweeper, optimized, require_open
from zdl_bench.registry import conf_files
from zdl_bench.run.experiment import Experiment, named_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdl_bench.plan.composer import Plain
    from zdl_bench.plan.launcher import BatchFunction
    from zdl_bench.plan.overrides import Reading
    from zdl_bench.run.experiment import Block


def run_hydra(arguments: Sequence[str], batch_function: "BatchFunction") -> str | None:
    """Composes what the arguments ask for and calls the batch function with it; or prints help, config or completions.

    Returns what a foreign sweeper says that it has found, if it does.

    Raises ConfigError for arguments that cannot be composed. Exits with 0 where Hydra does, after `--help`.
    """
    require_open(arguments)
    _let_hydra_find_the_plugins()
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import DictConfig

    from zdl_bench.plan.composer import plain_values
    from zdl_bench.plan.config import register_schema

    register_schema()
    with _as_command_line(list(arguments)), plain_messages():
        command_line = _command_line(arguments)
    single: list[tuple[DictConfig, Mapping[str, str]]] = []

    def task(composed: "DictConfig | Sequence[Plain]") -> "Sequence[float] | None":
        if isinstance(composed, DictConfig):  # one run without -m: Hydra has composed it itself
            single.append((composed, HydraConfig.get().runtime.choices))
            return None
        try:
            return batch_function(composed)
        except ZdlBenchError:
            raise
        except Exception as error:  # ours, not Hydra's word for wrong input
            raise InternalError from error

    main = hydra.main(version_base="1.3", config_path=str(conf_files.CONF), config_name="config")(task)
    with folder_of_sweeper(arguments) as (overrides, folder):
        with _as_command_line([*command_line, *overrides]), _without_environment(), plain_messages():
            main()
        found = optimized(folder)
    for config, chosen in single:
        conf_files.require_sound(chosen)
        batch_function([plain_values(config)])
    return found


def compose_once(arguments: Sequence[str]) -> "Plain":
    """The config that the overrides among the arguments give, as plain values. Raises ConfigError."""
    require_open(arguments)
    _let_hydra_find_the_plugins()
    from hydra import compose, initialize_config_dir

    from zdl_bench.plan.composer import plain_values
    from zdl_bench.plan.config import register_schema
    from zdl_bench.plan.overrides import read_all

    register_schema()
    if any(argument in MULTIRUN or argument.startswith("experiment=") for argument in arguments):
        raise ConfigError("--cfg: it shows the config of one run; leave out -m, lists and the experiment")
    _, overrides = flags_and_overrides(arguments)
    with _without_environment(), plain_messages(), initialize_config_dir(str(conf_files.CONF), version_base="1.3"):
        composed = compose("config", [reading.for_hydra for reading in read_all(overrides)], return_hydra_config=True)
        conf_files.require_sound(composed.hydra.runtime.choices)
        return plain_values(composed)


def _let_hydra_find_the_plugins() -> None:
    """Puts the folder of our `hydra_plugins` on the path, before Hydra is imported."""
    folder = str(Path(__file__).parent / "discovery")
    if folder not in sys.path:
        sys.path.append(folder)


def _command_line(arguments: Sequence[str]) -> list[str]:
    """What Hydra is given: flags first, each key once, and each value as one that it reads as what was meant.

    An experiment is a sweep with or without `-m`. Raises ConfigError for a wrong flag or key.
    """
    from zdl_bench.plan.overrides import read_all

    flags, overrides = flags_and_overrides(arguments)
    readings = read_all(overrides)
    others = [flag for flag in flags if flag not in MULTIRUN]
    blocks = _blocks_of_experiment(arguments)
    is_sweep = len(others) < len(flags) or (any(reading.key == "experiment" for reading in readings) and not others)
    if not is_sweep:
        return [*others, *(reading.for_hydra for reading in readings)]
    given = {reading.key for reading in readings}
    fixed, varied = _choices_of(blocks, given)
    varied |= {reading.key for reading in readings if reading.is_sweep}
    words = [_forced(reading) if reading.key.partition(".")[0] in varied else reading.for_hydra for reading in readings]
    return ["-m", *others, *words, *(f"{key}={name}" for key, name in fixed.items())]


def _forced(reading: "Reading") -> str:
    """Hydra checks a key before it comes to the sweeper, against the group's default. With ++ it waits for what is chosen."""
    from hydra.core.override_parser.types import OverrideType

    is_change = reading.override.type is OverrideType.CHANGE and "." in reading.key
    return f"++{reading.settings[0].text}" if is_change and not reading.is_sweep else reading.for_hydra


def _blocks_of_experiment(arguments: Sequence[str]) -> "Sequence[Block]":
    if any(argument.startswith("experiment.") for argument in arguments):
        raise ConfigError("experiment: its own keys are those of its YAML; give keys of a run instead, as seed=0")
    name = named_in(arguments) or ""
    if name in conf_files.experiment_names():
        return Experiment.of(name, conf_files.load_experiment(name)).blocks
    if re.fullmatch(r"[\w-]+", name):
        raise ConfigError(conf_files.describe_unknown("experiment", name, conf_files.experiment_names()))
    return ()


def _choices_of(blocks: "Sequence[Block]", given: set[str]) -> tuple[dict[str, str], set[str]]:
    """What all blocks choose alike, which Hydra is to know before it comes to the sweeper; and the groups that vary."""
    fixed: dict[str, str] = {}
    varied: set[str] = set()
    for group in conf_files.groups() - given:
        chosen = [block.get(group) for block in blocks]
        if chosen and chosen[0] in conf_files.names(group) and all(choice == chosen[0] for choice in chosen):
            fixed[group] = chosen[0]
        elif any(choice is not None for choice in chosen):
            varied.add(group)
    return fixed, varied


@contextmanager
def _without_environment() -> "Iterator[None]":
    """No YAML gets at a variable of the environment: Hydra would name its value in an error."""
    from omegaconf import OmegaConf
    from omegaconf.resolvers import oc

    OmegaConf.clear_resolver("oc.env")
    try:
        yield
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env)


@contextmanager
def _as_command_line(arguments: list[str]) -> "Iterator[None]":
    """Hydra reads sys.argv, and lets exceptions through only when told to."""
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = [argv[0], *arguments], "1"
    try:
        yield
    finally:
        sys.argv = argv
        os.environ.pop("HYDRA_FULL_ERROR")
        if full_error is not None:
            os.environ["HYDRA_FULL_ERROR"] = full_error
