"""Tab completion. Hydra completes the keys of a run, and this module completes the commands, which Hydra does not know."""

import os
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from zdl_bench.errors import ZdlBenchError
from zdl_bench.plan.command_names import COMMAND_OPTIONS, NEW_KINDS, config_dir_of
from zdl_bench.registry import conf_files
from zdl_bench.registry.conf_places import conf_folder

OPTIONS_WITH_VALUE = (
    *("--results", "--config-dir", "--formats", "--runs", "--timeout"),
    *("--against", "--margin", "--format", "--to", "--verify"),
)
"""Options that take a value. The shell completes such a value as a file name."""


def print_completions(arguments: Sequence[str]) -> None:
    """Print the completions of the line in COMP_LINE, as `-sc query=SHELL` asks. Print nothing if the line is unreadable."""
    line = os.environ.get("COMP_LINE", "")
    words = line.split() if line[-1:].strip() else [*line.split(), ""]
    before, current = words[1:-1], words[-1]
    command = before[0] if before else ""
    if COMMAND_OPTIONS.get(command):
        _print(_candidates(command, before[1:], current), current)
        return
    if not command:
        _print(COMMAND_OPTIONS, current)
    if command in ("bench", "conform"):  # the words after it are keys of a run
        os.environ["COMP_LINE"] = " ".join([words[0], *before[1:], current])
    from zdl_bench.plan.app import run_hydra
    from zdl_bench.plan.command_line import read_command_line

    with suppress(ZdlBenchError), conf_folder(config_dir_of(before)):
        run_hydra(read_command_line(arguments), lambda jobs: [])


def _candidates(command: str, before: Sequence[str], current: str) -> Sequence[str]:
    """Return what may follow in the line: the command's options, the sweeps in its store, or the experiments.

    The store is the one that the line names with `--results`. Experiments follow `verify --reference`.
    """
    if current.startswith("-"):
        return COMMAND_OPTIONS[command]
    if command == "new":
        return NEW_KINDS if not before else ()
    if command in ("ls", "merge") or (before and before[-1] in OPTIONS_WITH_VALUE):
        return ()
    if "--reference" in before:
        return conf_files.experiment_names()
    from zdl_bench.store.store import Store

    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--results", default="results")
    with suppress(OSError, ZdlBenchError):
        return Store(Path(parser.parse_known_args(before)[0].results).expanduser()).sweep_names()
    return ()


def _print(words: Iterable[str], current: str) -> None:
    print("\n".join(word for word in words if word.startswith(current)))
