"""The time that a run had."""

import time

TICK_SECONDS = 0.1
"""How often a stopwatch is to be read."""
MAX_GAP_SECONDS = 0.5
"""Between two readings: this process was stopped, as by Ctrl-Z, if more time passes, and it does not compute all the while."""


class Stopwatch:
    """Seconds since its start, without those in which this process, and its children with it, was stopped."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._wall, self._computing = time.monotonic(), time.process_time()

    def seconds(self) -> float:
        wall, computing = time.monotonic(), time.process_time()
        passed, computed = wall - self._wall, computing - self._computing
        self._seconds += passed if passed <= MAX_GAP_SECONDS else min(passed, max(TICK_SECONDS, computed))
        self._wall, self._computing = wall, computing
        return self._seconds
