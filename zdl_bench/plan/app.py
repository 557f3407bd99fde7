"""Hand a command line to Hydra, and hand the configs that Hydra composes to the sweep."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import hydra
from omegaconf import OmegaConf
from omegaconf.resolvers import oc

from zdl_bench.errors import ConfigError
from zdl_bench.plan.command_line import CommandLine
from zdl_bench.plan.hydra_keys import foreign_sweeper
from zdl_bench.plan.launcher import BatchFunction, SweepTask, plain_values
from zdl_bench.plan.messages import plain_messages
from zdl_bench.plan.schema import JobConfig, register_schema
from zdl_bench.plan.stages import Stage
from zdl_bench.registry import conf_files

DISCOVERY = str(Path(__file__).parent / "discovery")
"""The folder that contains `hydra_plugins`, the package in which Hydra looks for our launcher and sweeper."""


def run_hydra(
    command_line: CommandLine,
    run_batch: BatchFunction,
    begin_stage: Callable[[Stage], None] = lambda stage: None,
    open_jobs: Callable[[], Sequence[bool]] = lambda: (),
    has_results: Callable[[], bool] = lambda: True,
) -> str | None:
    """Compose the configs of a command line and hand them to `run_batch`, or print help, a config or completions.

    Return the YAML text in which a sweeper of another package reports its result, or None. Raise ConfigError for arguments
    from which no config can be composed. After `--hydra-help`, exit with status 0, as Hydra does.
    """
    if not command_line.is_sweep and not command_line.flags:
        run_batch([compose_once(command_line)])  # Hydra's main function would compose the config twice
        return None
    prepare_hydra()
    main = hydra.main(version_base="1.3", config_path=str(conf_files.CONF), config_name="config")
    task = SweepTask(command_line, run_batch, begin_stage, open_jobs, has_results)
    with _sweeper_folder(command_line) as folder:
        arguments = [*(["-m"] if command_line.is_sweep else []), *command_line.flags, *command_line.overrides_for_hydra]
        if folder:
            quoted = str(folder).replace("\\", "\\\\").replace("'", "\\'")
            arguments = [*arguments, f"hydra.sweep.dir='{quoted}'"]
        with _as_argv(arguments), _without_environment(), plain_messages(arguments):
            main(task)()
        found = folder / "optimization_results.yaml" if folder else None
        report = found.read_text(encoding="utf-8") if found and found.is_file() else None
    for config, chosen in task.single:
        conf_files.require_sound(chosen)
        run_batch([plain_values(config)])
    return report


def compose_once(command_line: CommandLine) -> JobConfig:
    """Return the config of the only run that a command line describes. Raise ConfigError for a sweep or a wrong value."""
    if command_line.is_sweep or command_line.experiment:
        raise ConfigError("--cfg: this flag shows the config of one run; leave out -m, lists and the experiment")
    prepare_hydra()
    overrides = command_line.overrides_for_hydra
    directory = hydra.initialize_config_dir(str(conf_files.CONF), version_base="1.3")
    with _without_environment(), plain_messages(overrides), directory:
        composed = hydra.compose("config", overrides, return_hydra_config=True)
        conf_files.require_sound(composed.hydra.runtime.choices)
        return plain_values(composed)


def prepare_hydra() -> None:
    """Register our schema and plug-ins with Hydra. Call this function before Hydra looks for plug-ins."""
    if DISCOVERY not in sys.path:
        sys.path.append(DISCOVERY)
    register_schema()


@contextmanager
def _sweeper_folder(command_line: CommandLine) -> Iterator[Path | None]:
    """Yield a temporary folder for the files of a sweeper of another package, or None if no such sweeper is chosen.

    Without this folder, Hydra would write those files to the user's working folder.
    """
    if foreign_sweeper(command_line.arguments) is None:
        yield None
        return
    with TemporaryDirectory(prefix="zdl_bench-") as folder:
        yield Path(folder)


@contextmanager
def _without_environment() -> Iterator[None]:
    """Keep every YAML from reading environment variables, because Hydra would show their values in error messages."""
    OmegaConf.clear_resolver("oc.env")
    try:
        yield
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env)


@contextmanager
def _as_argv(arguments: Sequence[str]) -> Iterator[None]:
    """Set sys.argv, which Hydra reads, and HYDRA_FULL_ERROR, without which Hydra catches all exceptions. Restore both."""
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = [argv[0], *arguments], "1"
    try:
        yield
    finally:
        sys.argv = argv
        os.environ.pop("HYDRA_FULL_ERROR")
        if full_error is not None:
            os.environ["HYDRA_FULL_ERROR"] = full_error
