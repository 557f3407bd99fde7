"""Output on the terminal: consoles, the progress of a sweep, and what a sweep says."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType

from rich import progress as bars
from rich.console import Console

from zdl_bench.api.progress import Progress
from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.run.counts import count_in_state
from zdl_bench.run.run import Status
from zdl_bench.store.summaries import RunSummary

PLAIN_INTERVAL_SECONDS = 5.0
PLAIN_WIDTH = 140


def console_for(to_stderr: bool = False) -> Console:
    """Return a console for stdout or stderr. If the output is not a terminal, the console is wide enough for a table."""
    console = Console(stderr=to_stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=to_stderr, highlight=False, width=PLAIN_WIDTH)


def say_answer(lines: Sequence[str]) -> None:
    """Print the answer of a report: the advice in bold, and what is not shown and the next command below it."""
    console = console_for()
    for place, line in enumerate(lines):
        console.print(line, style="" if place else "bold", soft_wrap=True, markup=False)


class LineDisplay:
    """A display of the progress of a sweep for output that is not a terminal: a line every few seconds, and one at the end."""

    def __init__(self, planned: int, stored: int) -> None:
        self._progress = Progress(planned, stored)
        self._console = console_for(to_stderr=True)
        self._last = time.monotonic()

    def finished(self, row: RunSummary) -> None:
        self._progress.count(row)
        if time.monotonic() - self._last >= PLAIN_INTERVAL_SECONDS:
            self._show()

    def _show(self) -> None:
        self._last = time.monotonic()
        now = self._progress
        words = translate("{done}/{planned} runs: {counts}", done=now.done, planned=now.planned, counts=self._counts())
        self._console.print(words, soft_wrap=True)

    def _counts(self) -> str:
        now = self._progress
        counts = {Status.FAILED: now.failed, Status.DIVERGED: now.diverged, translatable("from the store"): now.stored}
        return translate_list([count_in_state(count, state) for state, count in counts.items()] + now.pace)

    def __enter__(self) -> "LineDisplay":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._show()


class BarDisplay(LineDisplay):
    """A display of the progress of a sweep for a terminal: a live bar."""

    def __init__(self, planned: int, stored: int) -> None:
        super().__init__(planned, stored)
        columns = (
            bars.TextColumn(translate("runs")),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TextColumn("{task.fields[words]}"),
        )
        self._bar = bars.Progress(*columns, console=self._console)
        self._task = self._bar.add_task("", total=planned, completed=stored, words=self._counts())

    def finished(self, row: RunSummary) -> None:
        self._progress.count(row)
        self._bar.update(self._task, completed=self._progress.done, words=self._counts())

    def __enter__(self) -> "BarDisplay":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.stop()


class TerminalVoice:
    """The voice of a sweep on a terminal: the plan on stdout, everything else on stderr."""

    def plan(self, text: str) -> None:
        console_for().print(text, soft_wrap=True, markup=False)

    def say(self, text: str) -> None:
        _print(text)

    def caution(self, text: str) -> None:
        _print(text, "yellow")

    def warn(self, text: str) -> None:
        _print(text, "bold yellow")

    def progress(self, planned: int, stored: int) -> LineDisplay:
        """Return a live bar if stderr is a terminal, or else a display that prints lines."""
        return (BarDisplay if sys.stderr.isatty() else LineDisplay)(planned, stored)


def _print(text: str, style: str = "") -> None:
    console_for(to_stderr=True).print(text, style=style, soft_wrap=True, markup=False)
