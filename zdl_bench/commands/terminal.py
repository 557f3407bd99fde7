"""What a person sees of a sweep: progress while it runs, tables when it has ended."""

import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from zdl_bench.errors import printable
from zdl_bench.run.conditions import accuracy_text, condition_keys, texts_of
from zdl_bench.run.run import Status, Value
from zdl_bench.store.rows import Row

PLAIN_INTERVAL_SECONDS = 5.0
PLAIN_WIDTH = 140
LARGE = 1e7
"""Of a loss: as many digits as a table has room for."""


def console_for(to_stderr: bool = False) -> Console:
    """A console that is wide enough for a table where the output is no terminal."""
    console = Console(stderr=to_stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=to_stderr, highlight=False, width=PLAIN_WIDTH)


class Tally:
    """Counts of a running sweep, in words."""

    def __init__(self, planned: int, stored: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.planned, self.stored = planned, stored
        self._ended: Counter[Status] = Counter()
        self._clock, self._start = clock, clock()

    def add(self, row: Row) -> None:
        self._ended[row.status] += 1

    @property
    def done(self) -> int:
        return self.stored + self._ended.total()

    def words(self) -> str:
        failed = sum(count for status, count in self._ended.items() if not status.is_result)
        counts = [f"{failed} failed", f"{self._ended[Status.DIVERGED]} diverged"]
        counts.append(f"{self.stored} from the store")
        made, elapsed = self._ended.total(), self._clock() - self._start
        if made and elapsed > 0:
            left = (self.planned - self.done) * elapsed / made
            counts += [f"{60 * made / elapsed:.0f} runs/min", f"{duration(left)} left"]
        return ", ".join(counts)


class BarDisplay:
    """A live bar on a terminal."""

    def __init__(self, tally: Tally, console: Console) -> None:
        self._tally = tally
        columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"))
        self._progress = Progress(*columns, console=console)
        self._task = self._progress.add_task("", total=tally.planned, completed=tally.done, words=tally.words())

    def finished(self, row: Row) -> None:
        self._tally.add(row)
        self._progress.update(self._task, completed=self._tally.done, words=self._tally.words())

    def __enter__(self) -> "BarDisplay":
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._progress.stop()


class LineDisplay:
    """A line every few seconds, and one at the end, where the output is no terminal."""

    def __init__(self, tally: Tally, console: Console) -> None:
        self._tally, self._console = tally, console
        self._last = time.monotonic()

    def finished(self, row: Row) -> None:
        self._tally.add(row)
        if time.monotonic() - self._last >= PLAIN_INTERVAL_SECONDS:
            self._print()

    def _print(self) -> None:
        self._last = time.monotonic()
        self._console.print(f"{self._tally.done}/{self._tally.planned} runs: {self._tally.words()}", soft_wrap=True)

    def __enter__(self) -> "LineDisplay":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._print()


def progress_display(planned: int, stored: int) -> BarDisplay | LineDisplay:
    console = console_for(to_stderr=True)
    tally = Tally(planned, stored)
    return BarDisplay(tally, console) if sys.stderr.isatty() else LineDisplay(tally, console)


def results_table(rows: Sequence[Row]) -> Table:
    """One line per condition: mean ± standard deviation over the runs that completed, and what became of the others."""
    keys = condition_keys(row.config for row in rows)
    groups: dict[tuple[Value, ...], list[Row]] = defaultdict(list)
    for row in rows:
        flat = row.config.flat()
        groups[tuple(flat.get(key) for key in keys)].append(row)
    columns = [texts_of(values) for values in zip(*groups, strict=True)]
    table = Table(title_justify="left", header_style="bold")
    for key in keys:
        table.add_column(key)
    has_accuracy = any(not math.isnan(row.test_accuracy) for row in rows)
    for heading in ("runs", "train loss", "tail loss", *(["test accuracy"] if has_accuracy else [])):
        table.add_column(heading, justify="right")
    table.add_column("outcomes")
    for condition, members in groups.items():
        table.add_row(
            *(texts[value] for texts, value in zip(columns, condition, strict=True)),
            str(len(members)),
            mean_and_spread([row.final_train_loss for row in members], loss_digits(members)),
            mean_and_spread([row.tail_loss for row in members], loss_digits(members)),
            *([_accuracy([row.test_accuracy for row in members])] if has_accuracy else []),
            _outcomes(members),
        )
    return table


def loss_digits(rows: Sequence[Row]) -> str:
    """Four decimals, or powers of ten where those would not tell a loss from 0, or take a line."""
    losses = [loss for row in rows for loss in (row.tail_loss, row.final_train_loss) if loss == loss]
    smallest = min((row.tail_loss for row in rows if row.tail_loss > 0), default=1.0)
    return ".4f" if smallest >= 0.001 and max(map(abs, losses), default=0.0) < LARGE else ".2e"


def failures_table(rows: Iterable[Row]) -> Table | None:
    """Every run without a result, with its reason; None where there is none."""
    failures = [row for row in rows if not row.status.is_result]
    if not failures:
        return None
    keys = condition_keys(row.config for row in failures)
    table = Table(title="Runs without a result", title_justify="left", header_style="bold")
    for heading in ("run", *keys, "seed", "status", "reason"):
        table.add_column(heading)
    columns = {key: texts_of(row.config.flat().get(key) for row in failures) for key in keys}
    for row in failures:
        flat = row.config.flat()
        reason = (row.reason.splitlines() or [""])[0]
        cells = (columns[key][flat.get(key)] for key in keys)
        table.add_row(row.run_id, *cells, str(row.config.seed), row.status.value, Text(printable(reason)))
    return table


def mean_and_spread(values: Sequence[float], digits: str) -> str:
    """`mean ± sd` of the defined values, the mean alone where there is one, a dash where there is none."""
    mean, sd = _mean_and_sd(values)
    if math.isnan(mean):
        return "–"
    return format(mean, digits) if math.isnan(sd) else f"{mean:{digits}} ± {sd:{digits}}"


def _accuracy(values: Sequence[float]) -> str:
    mean, sd = _mean_and_sd(values)
    return "–" if math.isnan(mean) else accuracy_text(mean, sd)


def _mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Of the defined values; NaN where there are too few."""
    defined = np.array([value for value in values if value == value])
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(defined.mean()) if len(defined) else math.nan
        return mean, float(defined.std(ddof=1)) if len(defined) > 1 else math.nan


def _outcomes(rows: Sequence[Row]) -> str:
    """What became of the runs, where not all of them completed and learned."""
    states = Counter(row.status.value for row in rows if row.status is not Status.COMPLETED)
    states["not learned"] = sum(row.status is Status.COMPLETED and not row.learned for row in rows)
    return ", ".join(f"{count} {state}" for state, count in states.items() if count)


def size(count: float) -> str:
    """Bytes in the largest unit that leaves a whole number."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = next((p for p in range(len(units)) if count < 1000 ** (p + 1)), len(units) - 1)
    scaled = count / 1000**power
    return f"{scaled:.1f} {units[power]}" if power and scaled < 10 else f"{scaled:.0f} {units[power]}"


def duration(seconds: float) -> str:
    """Seconds in the two largest units that are not 0."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
