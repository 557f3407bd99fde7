"""What a sweep says below the cell of a notebook, or from a script: a few lines, one of which counts the runs."""

import sys
import time
import warnings
from types import TracebackType

from zdl_bench.api.progress import Progress
from zdl_bench.language import translate, translate_list
from zdl_bench.run.counts import count_in_state
from zdl_bench.run.run import Status
from zdl_bench.store.summaries import RunSummary

INTERVAL_SECONDS = 0.5
"""The shortest time between two changes of the line that counts the runs. A sweep that is faster has no such line."""
LINE_LETTERS = 79


def warn_caller(text: str) -> None:
    """Give a warning that points to the line that called this package, whatever lies between."""
    frame, level, outermost = sys._getframe(1), 1, 1
    while frame is not None:
        level += 1
        outermost = level if frame.f_globals.get("__name__", "").startswith("zdl_bench.") else outermost
        frame = frame.f_back  # type: ignore[assignment]
    warnings.warn(text, stacklevel=outermost + 1)


class CountingLine:
    """A line that counts the finished runs, written over itself. There is none if the output is a file."""

    def __init__(self, planned: int, stored: int) -> None:
        self._progress = Progress(planned, stored)
        self._last = time.monotonic()
        self._is_seen = sys.stdout.isatty() or "ipykernel" in sys.modules
        self._has_written = False

    def finished(self, row: RunSummary) -> None:
        self._progress.count(row)
        if self._is_seen and time.monotonic() - self._last >= INTERVAL_SECONDS:
            self._write()

    def _write(self) -> None:
        self._last, self._has_written = time.monotonic(), True
        now = self._progress
        runs = translate("{done}/{planned} runs", done=now.done, planned=now.planned)
        failed = [count_in_state(now.failed, Status.FAILED)] if now.failed else []
        text = translate_list([runs, *failed, *now.pace[1:]])
        print(f"\r{text:<{LINE_LETTERS}}", end="", flush=True)

    def __enter__(self) -> "CountingLine":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._has_written:
            self._write()
            print()


class NotebookVoice:
    """The voice of a sweep that was started from Python. Warnings are Python's own, so they can be filtered or caught."""

    def plan(self, text: str) -> None:
        print(text)

    def say(self, text: str) -> None:
        print(text)

    def caution(self, text: str) -> None:
        print(text)

    def warn(self, text: str) -> None:
        warn_caller(text)

    def progress(self, planned: int, stored: int) -> CountingLine:
        return CountingLine(planned, stored)
