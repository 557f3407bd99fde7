"""Best-effort standard output and standard error: text that cannot be written or encoded never stops a sweep."""

import codecs
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO

IN_ASCII = {"±": "+-", "–": "-", "…": "...", "×": "x", "µ": "u", "→": "->", "−": "-", "≤": "<=", "≥": ">="}
"""Substitutes for characters that an encoding may lack. All other such characters become question marks."""
REPLACED = "zdl_bench.replaced"
"""The name under which the error handler `_replaced` is registered with Python's codecs."""


class BestEffort:
    """A text stream that never fails. It replaces characters that its encoding lacks.

    Text that cannot be written, because of a full disk or a closed pipe, is dropped.
    lost: the error that caused the first loss of text, or None if no text was lost.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self.lost: Exception | None = None

    def write(self, text: str) -> int:
        with self._losses():
            self._stream.write(text.encode(self._encoding, REPLACED).decode(self._encoding))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with self._losses():
            self._stream.flush()

    def end(self) -> None:
        """Flush the stream. If that fails, redirect the stream to the null device, so that Python can exit without an error."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self.lost = self.lost or error
            with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())

    @contextmanager
    def _losses(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError means that the stream is closed
            self.lost = self.lost or error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def best_effort_output() -> Iterator[tuple[BestEffort, BestEffort]]:
    """Replace this process's standard output and standard error with best-effort streams in the block. Yield both streams."""
    _occupy_closed_descriptors()
    with ExitStack() as stack:
        nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # replaces a missing stream
        out, err = (BestEffort(nowhere if one is None or one.closed else one) for one in (sys.stdout, sys.stderr))
        stack.callback(out.end)
        stack.callback(err.end)
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        yield out, err


def _occupy_closed_descriptors() -> None:
    """Open the null device for each missing standard stream. Otherwise the next opened file would get that descriptor."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # `open` takes the lowest free descriptor


def _replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(IN_ASCII.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


codecs.register_error(REPLACED, _replaced)
