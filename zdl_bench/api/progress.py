"""How far a sweep has got: one count of its runs for every display."""

import time
from collections import Counter
from dataclasses import dataclass, field

from zdl_bench.api.amounts import duration
from zdl_bench.language import translate
from zdl_bench.run.run import Status
from zdl_bench.store.summaries import RunSummary


@dataclass
class Progress:
    """The runs of a sweep so far. planned: all of them. stored: those that were in the store before."""

    planned: int
    stored: int
    _ended: Counter[Status] = field(default_factory=Counter)
    _start: float = field(default_factory=time.monotonic)
    _last: float = 0.0

    def count(self, row: RunSummary) -> None:
        """Count a run that has ended."""
        self._ended[row.status] += 1
        self._last = time.monotonic()

    @property
    def made(self) -> int:
        return self._ended.total()

    @property
    def done(self) -> int:
        return self.stored + self.made

    @property
    def failed(self) -> int:
        return sum(count for status, count in self._ended.items() if not status.is_result)

    @property
    def diverged(self) -> int:
        return self._ended[Status.DIVERGED]

    @property
    def pace(self) -> list[str]:
        """The pace up to the last run that has ended, and the time left at this pace; nothing before the first."""
        if not self.made or self._last <= self._start:
            return []
        per_second = self.made / (self._last - self._start)
        left = duration((self.planned - self.done) / per_second)
        return [translate("{number:.0f} runs/min", number=60 * per_second), translate("{time} left", time=left)]
