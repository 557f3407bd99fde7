"""Hands arguments to Hydra, and what it composes to the sweep."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zdl_bench import registry
from zdl_bench.errors import ConfigError, ZdlBenchError
from zdl_bench.experiment import named_in
from zdl_bench.hydra_plugin.explanation import InternalError, plain_messages
from zdl_bench.hydra_plugin.flags import MULTIRUN, flags_and_overrides
from zdl_bench.hydra_plugin.foreign import folder_of_sweeper, optimized, require_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdl_bench.hydra_plugin.composer import Plain
    from zdl_bench.hydra_plugin.launcher import BatchFunction


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

    from zdl_bench.config import register_schema
    from zdl_bench.hydra_plugin.composer import plain_values

    register_schema()
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

    main = hydra.main(version_base="1.3", config_path=str(registry.CONF), config_name="config")(task)
    command_line = [*_flags_first(arguments), *_choices_of_experiment(arguments)]
    with folder_of_sweeper(arguments) as (overrides, folder):
        with _as_command_line([*command_line, *overrides]), plain_messages():
            main()
        found = optimized(folder)
    for config, chosen in single:
        registry.require_sound(chosen)
        batch_function([plain_values(config)])
    return found


def compose_once(arguments: Sequence[str]) -> "Plain":
    """The config that the overrides among the arguments give, as plain values. Raises ConfigError."""
    require_open(arguments)
    _let_hydra_find_the_plugins()
    from hydra import compose, initialize_config_dir

    from zdl_bench.config import register_schema
    from zdl_bench.hydra_plugin.composer import plain_values

    register_schema()
    if any(argument in MULTIRUN or argument.startswith("experiment=") for argument in arguments):
        raise ConfigError("--cfg: it shows the config of one run; leave out -m, lists and the experiment")
    overrides = [argument for argument in arguments if "=" in argument and not argument.startswith("-")]
    with plain_messages(), initialize_config_dir(str(registry.CONF), version_base="1.3"):
        composed = compose("config", overrides, return_hydra_config=True)
        registry.require_sound(composed.hydra.runtime.choices)
        return plain_values(composed)


def _let_hydra_find_the_plugins() -> None:
    """Puts the folder of our `hydra_plugins` on the path, before Hydra is imported."""
    folder = str(Path(__file__).parent / "discovery")
    if folder not in sys.path:
        sys.path.append(folder)


def _flags_first(arguments: Sequence[str]) -> list[str]:
    """A flag may stand anywhere, and an experiment is a sweep with or without `-m`. Raises ConfigError for a wrong flag."""
    flags, overrides = flags_and_overrides(arguments)
    others = [flag for flag in flags if flag not in MULTIRUN]
    is_experiment = any(override.startswith("experiment=") for override in overrides)
    is_sweep = len(others) < len(flags) or (is_experiment and not others)
    return [*(["-m"] if is_sweep else []), *others, *overrides]


def _choices_of_experiment(arguments: Sequence[str]) -> list[str]:
    """What the experiment chooses for all of its runs, as overrides: Hydra checks keys of the command line before it comes to
    the sweeper, and a key of the problem has to meet the problem that the experiment is about.
    """
    if any(argument.startswith("experiment.") for argument in arguments):
        raise ConfigError("experiment: its own keys are those of its YAML; give keys of a run instead, as seed=0")
    name = named_in(arguments) or ""
    if name not in registry.experiment_names():
        if re.fullmatch(r"[\w-]+", name):
            raise ConfigError(registry.unknown("experiment", name, registry.experiment_names()))
        return []
    content = registry.load_experiment(name)
    fixed, blocks = content.get("fixed", {}), content.get("blocks", [])
    varied = {key for block in blocks if isinstance(block, dict) for key in block} if isinstance(blocks, list) else set()
    given = {argument.partition("=")[0] for argument in arguments}
    choices = fixed.items() if isinstance(fixed, dict) else []
    chosen = registry.groups() - varied - given
    return [f"{key}={value}" for key, value in choices if key in chosen and isinstance(value, str)]


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
