"""The command line. It chooses the command, prints errors without a traceback, and returns the exit status.

Status 0: every run has a result. 1: a run has none, `verify` or `merge` found a difference, or `compare` found something
worse. 2: the input is wrong, `verify` or `merge` found a damaged file, or no run could be trained again. 130: interrupted
(Ctrl-C). 143: terminated (SIGTERM).
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
from zdl_bench.language import ENGLISH, Language, speaking, translatable, translate
from zdl_bench.plan.command_names import COMMAND_OPTIONS, config_dir_of
from zdl_bench.run.output import best_effort_output

INTERRUPTED = 130
TERMINATED = 143
WRONG_INPUT = 2
INTERRUPTED_WORDS = translatable("interrupted; all finished runs are stored. Start the same command again to continue.")
TERMINATED_WORDS = translatable("terminated; all finished runs are stored. Start the same command again to continue.")
LANGUAGE = "language="


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
    language = ENGLISH
    try:
        language = _language_of(arguments)
        with speaking(language):
            folder = config_dir_of(arguments)
            return _run(arguments) if folder is None else _run_with(folder, arguments)
    except ZdlBenchError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        exec("")  # noqa: S102  (after an interrupt in `exec`, `python -m` would end by the signal, whatever this returns)
        _say(INTERRUPTED_WORDS, language)
        return INTERRUPTED
    except Termination:
        _say(TERMINATED_WORDS, language)
        return TERMINATED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else WRONG_INPUT if end.code else 0
    except Exception as error:
        words = refusal(error)
        if not words:
            raise
        print(f"error: {words}", file=sys.stderr)
        return WRONG_INPUT


def _say(text: str, language: Language) -> None:
    with speaking(language):
        print(translate(text), file=sys.stderr)


def _language_of(arguments: Sequence[str]) -> Language:
    """Return the language that the arguments ask for, or else the user's environment."""
    asked = [one.removeprefix(LANGUAGE) for one in arguments if one.startswith(LANGUAGE)]
    if not asked and not os.environ.get("ZDL_BENCH_LANGUAGE"):
        return ENGLISH
    from zdl_bench.registry.languages import language_named, language_names, language_of_user

    return language_named(asked[-1]) if asked and asked[-1] in language_names() else language_of_user()


def _run_with(folder: str, arguments: Sequence[str]) -> int:
    """Run the command with the parts in a folder of the user."""
    from zdl_bench.registry.conf_places import conf_folder

    with conf_folder(folder):
        return _run(arguments)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Termination


def _run(arguments: Sequence[str]) -> int:
    """Run the command that the first word names, or else a sweep. First answer flags that need no libraries, such as --help."""
    name = arguments[0] if arguments and arguments[0] in COMMAND_OPTIONS else "sweep"
    if name in ("sweep", "bench", "conform") and {"-h", "--help"} & {*arguments}:
        from zdl_bench.plan.help import BENCH, CONFORM, help_text

        print(help_text() if name == "sweep" else {"bench": BENCH, "conform": CONFORM}[name], end="")
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
