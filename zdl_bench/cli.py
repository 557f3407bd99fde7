"""The command line: picks the command, prints errors without a traceback, and gives the exit status.

0: every run has a result; 1: some run has none, or verify found a difference; 2: the input is wrong; 130: interrupted;
143: terminated.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from zdl_bench import __version__
from zdl_bench.errors import ConfigError, ZdlBenchError, display, printable, refusal, require
from zdl_bench.interrupts import signals_deferred
from zdl_bench.run.output import best_effort_output

INTERRUPTED = 130
TERMINATED = 143
WRONG_INPUT = 2


class Terminated(BaseException):
    """SIGTERM has come; like KeyboardInterrupt it passes through what catches exceptions."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status, which does not depend on whether its output can be written."""
    with best_effort_output() as (out, _):
        status = _status(list(sys.argv[1:] if argv is None else argv))
        out.flush()
        if out.lost and not isinstance(out.lost, BrokenPipeError):  # a reader that is gone, as with `| head`, wants no more
            print(f"warning: standard output cannot be written ({out.lost}); some of it is lost", file=sys.stderr)
        return status


def _status(arguments: Sequence[str]) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # all that a run uses; each takes memory and a thread
    signal.signal(signal.SIGTERM, _terminate)
    commands = {"report": report, "verify": verify, "ls": ls, "bench": bench}
    command = commands.get(arguments[0]) if arguments else None
    try:
        return command(arguments[1:]) if command else sweep(arguments)
    except ZdlBenchError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print("interrupted; every finished run is stored. The same command goes on from here.", file=sys.stderr)
        return INTERRUPTED
    except Terminated:
        print("terminated; every finished run is stored. The same command goes on from here.", file=sys.stderr)
        return TERMINATED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else WRONG_INPUT if end.code else 0
    except Exception as error:
        words = refusal(error)
        if not words:
            raise
        print(f"error: {words}", file=sys.stderr)
        return WRONG_INPUT


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def sweep(arguments: Sequence[str]) -> int:
    """One run, or a sweep of many, and its report."""
    if _asks_for_help(arguments):
        from zdl_bench.plan.help import help_text

        print(help_text(), end="")
        return 0
    if "--version" in arguments:
        print(f"zdl_bench {__version__}")
        return 0
    if _asks_for_completions(arguments):
        from zdl_bench.plan.completion import print_completions

        print_completions(arguments)
        return 0
    with signals_deferred():
        from zdl_bench.commands.sweep import SweepCommand
        from zdl_bench.plan.app import compose_once, run_hydra
        from zdl_bench.plan.chosen import as_meant
        from zdl_bench.plan.flags import asks_for_config

    arguments = as_meant(arguments)
    command = SweepCommand(arguments)
    if asks_for_config(arguments):
        command.check([compose_once(arguments)])  # a wrong config is not shown
    optimized = run_hydra(arguments, command.run_batch)
    return command.finish(optimized)


def report(arguments: Sequence[str]) -> int:
    """Rebuilds figures, tables and page of a sweep from the store."""
    with signals_deferred():
        from zdl_bench.plan.config import FORMATS
        from zdl_bench.report.freshness import is_built_from, page_path, sound_checksums, verdict_text
        from zdl_bench.store.damage import how_many_are_missing
        from zdl_bench.store.store import Store

    parser = _parser("report", "rebuild figures, tables and page from stored runs")
    parser.add_argument("--formats", default="png", metavar="A,B", help="of the figures: png, svg, pdf; default: png")
    options = parser.parse_args(arguments)
    formats = tuple(options.formats.split(","))
    require("--formats", options.formats, all(name in FORMATS for name in formats), f"choose from {', '.join(FORMATS)}")
    store = Store(options.results)
    store.require_existing()
    manifest = store.read_manifest(options.sweep) if options.sweep is not None else store.latest_manifest()
    checksums, missing = sound_checksums(store, manifest)
    if not is_built_from(checksums, store, manifest, formats):
        with signals_deferred():
            from zdl_bench.report.build import build_report

        build_report(store, manifest, formats)
    if missing:
        words = how_many_are_missing(missing, len(manifest.run_ids))
        print(f"{words}; make them with: {printable(manifest.command)}", file=sys.stderr)
    print(verdict_text(store, store.read_manifest(manifest.name)), end="")
    print(f"report: {page_path(store, manifest)}")
    return 0


def verify(arguments: Sequence[str]) -> int:
    """Trains stored runs again and compares them bit for bit."""
    with signals_deferred():
        from zdl_bench.commands.verify import print_verifications, require_sensible, verify_reference, verify_runs
        from zdl_bench.kernels.choice import require_wanted
        from zdl_bench.store.store import Store

    parser = _parser("verify", "train stored runs again and compare them bit for bit")
    parser.add_argument("--runs", type=int, metavar="N", help="only N of them, spread over the sweep")
    parser.add_argument("--reference", action="store_true", help="a sample of the committed runs instead; SWEEP: an experiment")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="stop a run that takes longer; default: none")
    options = parser.parse_args(arguments)
    require_wanted()
    require_sensible(options.runs, options.timeout)
    store = Store(options.results)
    if options.reference:
        return print_verifications(verify_reference(store.root, options.sweep, options.runs, options.timeout))
    store.require_existing()
    manifest = store.read_manifest(options.sweep) if options.sweep is not None else store.latest_manifest()
    return print_verifications(verify_runs(store, manifest, options.runs, options.timeout))


def ls(arguments: Sequence[str]) -> int:
    """Lists the sweeps in the store."""
    with signals_deferred():
        from zdl_bench.commands.ls import print_sweeps
        from zdl_bench.store.store import Store

    parser = _Parser(prog="zdl-bench ls", description="the sweeps in the store")
    _add_results(parser)
    store = Store(parser.parse_args(arguments).results)
    store.require_existing()
    print_sweeps(store)
    return 0


def bench(arguments: Sequence[str]) -> int:
    """Measures this machine, and the parts of a training step on it."""
    if _asks_for_help(arguments):
        from zdl_bench.plan.help import BENCH

        print(BENCH, end="")
        return 0
    with signals_deferred():
        from zdl_bench.commands.bench import BenchCommand
        from zdl_bench.plan.app import run_hydra
        from zdl_bench.plan.chosen import as_meant
        from zdl_bench.plan.flags import MULTIRUN
        from zdl_bench.registry.registry import names

    for argument in arguments:
        if argument not in MULTIRUN and (argument.startswith("-") or "hydra" in argument.partition("=")[0]):
            raise ConfigError(f"{display(argument)}: bench takes KEY=VALUE of a run alone; see zdl-bench bench --help")
    arguments = as_meant(arguments)
    asks_for_some = any(argument.startswith(("optimizer=", "experiment=")) for argument in arguments)
    command = BenchCommand()
    run_hydra(["-m", *([] if asks_for_some else [f"optimizer={','.join(names('optimizer'))}"]), *arguments], command.run_batch)
    return command.finish()


def _asks_for_help(arguments: Sequence[str]) -> bool:
    return any(argument in ("-h", "--help") for argument in arguments)


def _asks_for_completions(arguments: Sequence[str]) -> bool:
    """Whether a shell asks what the line in COMP_LINE can go on with."""
    return bool({"-sc", "--shell-completion"} & {*arguments}) and any(one.startswith("query=") for one in arguments)


class _Parser(argparse.ArgumentParser):
    """Its complaints are errors like all others."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{display(message)}; see {self.prog} --help")


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    parser = _Parser(prog=f"zdl-bench {name}", description=description)
    parser.add_argument("sweep", nargs="?", metavar="SWEEP", help="a sweep's name; default: the one started last")
    _add_results(parser)
    return parser


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--results", default="results", metavar="DIR", help="the store; default: results")
