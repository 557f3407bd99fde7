"""Standard output and error as best effort: what cannot be written or encoded never stops a sweep."""

import codecs
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO

IN_ASCII = {"±": "+-", "–": "-", "…": "...", "×": "x", "µ": "u", "→": "->", "−": "-", "≤": "<=", "≥": ">="}
"""What an encoding may lack, and what says the same; anything else becomes a question mark."""
REPLACED = "zdl_bench.replaced"
"""The name under which Python's codecs know the replacement."""


class Nowhere(io.TextIOBase):
    """In the place of a stream that a program was started without."""

    def write(self, text: str) -> int:
        return len(text)


class BestEffort:
    """A text stream that replaces what its encoding lacks, and drops what cannot be written: a full disk, a closed pipe.

    lost: why the first text was dropped.
    """

    def __init__(self, stream: TextIO | Nowhere) -> None:
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
        """Leaves nothing behind that Python would stumble over when it flushes the stream at its own end."""
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
        except (OSError, ValueError) as error:  # a ValueError: the stream has been closed
            self.lost = self.lost or error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def best_effort_output() -> Iterator[tuple[BestEffort, BestEffort]]:
    """Makes standard output and error best effort in the block, in this process; gives both."""
    _occupy_closed_descriptors()
    with ExitStack() as stack:
        out, err = (BestEffort(Nowhere() if one is None or one.closed else one) for one in (sys.stdout, sys.stderr))
        stack.callback(out.end)
        stack.callback(err.end)
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        yield out, err


def _occupy_closed_descriptors() -> None:
    """Sends what was started without standard streams to nowhere: else the next file that is opened would take their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free


def _replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(IN_ASCII.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


codecs.register_error(REPLACED, _replaced)
