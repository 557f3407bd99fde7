"""The command line. It chooses the command, prints errors without a traceback, and returns the exit status.

Status 0: every run has a result. 1: a run has none, or `verify` found a difference. 2: the input is wrong, or `verify` found
a damaged file or could train no run. 130: interrupted (Ctrl-C). 143: terminated (SIGTERM).
"""

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from zdl_bench import __version__
from zdl_bench.errors import ZdlBenchError, printable, refusal
from zdl_bench.interrupts import signals_deferred
from zdl_bench.plan.command_names import COMMAND_OPTIONS
from zdl_bench.run.output import best_effort_output

INTERRUPTED = 130
TERMINATED = 143
WRONG_INPUT = 2


class Termination(BaseException):
    """The exception that SIGTERM raises. Like KeyboardInterrupt, it passes through code that catches only Exception."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status, even if its output cannot be written."""
    with best_effort_output() as (out, _):
        status = _status(list(sys.argv[1:] if argv is None else argv))
        out.flush()
        if out.lost and not isinstance(out.lost, BrokenPipeError):  # `| head` closes the pipe on purpose
            print(
                f"warning: standard output cannot be written ({out.lost}), so part of the output is lost; "
                "repeat the command and redirect its output to another place",
                file=sys.stderr,
            )
        return status


def _status(arguments: Sequence[str]) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a run uses one thread, and each further thread takes memory
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return _run(arguments)
    except ZdlBenchError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print("interrupted; all finished runs are stored. Start the same command again to continue.", file=sys.stderr)
        return INTERRUPTED
    except Termination:
        print("terminated; all finished runs are stored. Start the same command again to continue.", file=sys.stderr)
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
    raise Termination


def _run(arguments: Sequence[str]) -> int:
    """Run the command that the first word names, or else a sweep. First answer flags that need no libraries, such as --help."""
    name = arguments[0] if arguments and arguments[0] in COMMAND_OPTIONS else "sweep"
    if name in ("sweep", "bench") and {"-h", "--help"} & {*arguments}:
        from zdl_bench.plan.help import BENCH, help_text

        print(help_text() if name == "sweep" else BENCH, end="")
        return 0
    if name == "sweep" and "--version" in arguments:
        print(f"zdl_bench {__version__}")
        return 0
    if name == "sweep" and _asks_for_completions(arguments):
        from zdl_bench.plan.completion import print_completions

        print_completions(arguments)
        return 0
    with signals_deferred():
        command = importlib.import_module(f"zdl_bench.commands.{name}")
    status: int = command.main(arguments if name == "sweep" else arguments[1:])
    return status


def _asks_for_completions(arguments: Sequence[str]) -> bool:
    """Return whether the arguments come from a shell that asks for completions of the line in COMP_LINE."""
    return bool({"-sc", "--shell-completion"} & {*arguments}) and any(one.startswith("query=") for one in arguments)
