"""Output on the terminal: consoles, the progress of a sweep, and sizes and times as text."""

import sys
import time
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from zdl_bench.run.run import Status
from zdl_bench.store.summaries import RunSummary

PLAIN_INTERVAL_SECONDS = 5.0
PLAIN_WIDTH = 140


def console_for(to_stderr: bool = False) -> Console:
    """Return a console for stdout or stderr. If the output is not a terminal, the console is wide enough for a table."""
    console = Console(stderr=to_stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=to_stderr, highlight=False, width=PLAIN_WIDTH)


class LineDisplay:
    """A display of the progress of a sweep for output that is not a terminal: a line every few seconds, and one at the end."""

    def __init__(self, planned: int, stored: int) -> None:
        self._planned, self._stored = planned, stored
        self._ended: Counter[Status] = Counter()
        self._console = console_for(to_stderr=True)
        self._start = self._last = time.monotonic()

    def finished(self, row: RunSummary) -> None:
        self._ended[row.status] += 1
        if time.monotonic() - self._last >= PLAIN_INTERVAL_SECONDS:
            self._show()

    def _show(self) -> None:
        self._last = time.monotonic()
        self._console.print(f"{self._done}/{self._planned} runs: {self._counts()}", soft_wrap=True)

    @property
    def _done(self) -> int:
        return self._stored + self._ended.total()

    def _counts(self) -> str:
        failed = sum(count for status, count in self._ended.items() if not status.is_result)
        counts = [f"{failed} failed", f"{self._ended[Status.DIVERGED]} diverged", f"{self._stored} from the store"]
        made, elapsed = self._ended.total(), time.monotonic() - self._start
        if made and elapsed > 0:
            left = (self._planned - self._done) * elapsed / made
            counts += [f"{60 * made / elapsed:.0f} runs/min", f"{duration(left)} left"]
        return ", ".join(counts)

    def __enter__(self) -> "LineDisplay":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._show()


class BarDisplay(LineDisplay):
    """A display of the progress of a sweep for a terminal: a live bar."""

    def __init__(self, planned: int, stored: int) -> None:
        super().__init__(planned, stored)
        columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"))
        self._progress = Progress(*columns, console=self._console)
        self._task = self._progress.add_task("", total=planned, completed=stored, words=self._counts())

    def finished(self, row: RunSummary) -> None:
        self._ended[row.status] += 1
        self._progress.update(self._task, completed=self._done, words=self._counts())

    def __enter__(self) -> "BarDisplay":
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._progress.stop()


def progress_display(planned: int, stored: int) -> LineDisplay:
    """Return a live bar if stderr is a terminal, or else a display that prints lines."""
    return (BarDisplay if sys.stderr.isatty() else LineDisplay)(planned, stored)


def size(count: float) -> str:
    """Return a number of bytes as text, for example `3.2 MB`, in the largest unit in which the number is at least 1."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = next((p for p in range(len(units)) if count < 1000 ** (p + 1)), len(units) - 1)
    scaled = count / 1000**power
    return f"{scaled:.1f} {units[power]}" if power and scaled < 10 else f"{scaled:.0f} {units[power]}"


def duration(seconds: float) -> str:
    """Return a number of seconds as text, for example `2 h 05 min`, `3 min 20 s` or `7 s`."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
