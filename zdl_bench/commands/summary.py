"""The tables that sum up a sweep on the terminal."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from zdl_bench.errors import printable
from zdl_bench.run.conditions import accuracy_text, condition_keys, texts_of
from zdl_bench.run.config import Value
from zdl_bench.run.run import Status
from zdl_bench.store.summaries import RunSummary

MAX_DECIMAL_LOSS = 1e7
"""Losses below this number are written with decimals. A table has no room for the digits of a larger loss."""


def results_table(rows: Sequence[RunSummary], tuning_seeds: Iterable[int] = ()) -> Table:
    """Return a table with a line per condition: mean ± standard deviation of completed runs, and how the other runs ended.

    Tuning seeds have separate lines.
    """
    keys, choosing = [*condition_keys(row.config for row in rows)], {*tuning_seeds}
    is_tuned = any(row.config.seed in choosing for row in rows)
    groups: dict[tuple[Value, ...], list[RunSummary]] = defaultdict(list)
    for row in rows:
        flat = row.config.flat()
        use = ("tuning" if row.config.seed in choosing else "judging",) if is_tuned else ()
        groups[(*(flat.get(key) for key in keys), *use)].append(row)
    columns = [texts_of(values) for values in zip(*groups, strict=True)]
    table = Table(title_justify="left", header_style="bold")
    for key in [*keys, *(["seeds"] if is_tuned else [])]:
        table.add_column(key)
    has_accuracy = any(not math.isnan(row.test_accuracy) for row in rows)
    for heading in ("runs", "train loss", "tail loss", *(["test accuracy"] if has_accuracy else [])):
        table.add_column(heading, justify="right")
    table.add_column("outcomes")
    for condition, members in groups.items():
        digits = _loss_digits(members)
        mean, sd = _mean_and_sd([row.test_accuracy for row in members])
        accuracy = "–" if math.isnan(mean) else accuracy_text(mean, sd)
        table.add_row(
            *(texts[value] for texts, value in zip(columns, condition, strict=True)),
            str(len(members)),
            _mean_text([row.final_train_loss for row in members], digits),
            _mean_text([row.tail_loss for row in members], digits),
            *([accuracy] if has_accuracy else []),
            _outcomes(members),
        )
    return table


def failures_table(rows: Iterable[RunSummary]) -> Table | None:
    """Return a table of the runs without a result and the reason for each, or None if every run has a result."""
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
        cells = (columns[key][flat.get(key)] for key in keys)
        reason = (row.reason.splitlines() or [""])[0]
        table.add_row(row.run_id, *cells, str(row.config.seed), row.status.value, Text(printable(reason)))
    return table


def digest_lines(rows: Sequence[RunSummary]) -> list[str]:
    """Return a line with the digest of a sweep, a SHA-256 over the first digits of its runs' digests in the order of the ids.

    Return no line if a run has no result. For edited or added parts, and for the articles' random numbers, the line does not
    promise the same digest on every machine.
    """
    digests = [row.digest for row in sorted(rows, key=lambda row: row.run_id) if row.digest]
    if len(digests) < len(rows):
        return []
    is_promised = not any(row.config.rng == "legacy" or row.config.has_own_code for row in rows)
    where = "  (the same on every machine)" if is_promised else ""
    return [f"digest:  {hashlib.sha256(''.join(digests).encode()).hexdigest()[:16]}{where}"]


def _loss_digits(rows: Sequence[RunSummary]) -> str:
    """Return the format for losses: four decimals, or powers of ten if decimals would show 0 or would not fit into a cell."""
    losses = [loss for row in rows for loss in (row.tail_loss, row.final_train_loss) if loss == loss]
    smallest = min((row.tail_loss for row in rows if row.tail_loss > 0), default=1.0)
    return ".4f" if smallest >= 0.001 and max(map(abs, losses), default=0.0) < MAX_DECIMAL_LOSS else ".2e"


def _mean_text(values: Sequence[float], digits: str) -> str:
    """Return `mean ± sd` of the defined values, only the mean if there is one value, or a dash if there is none."""
    mean, sd = _mean_and_sd(values)
    if math.isnan(mean):
        return "–"
    return format(mean, digits) if math.isnan(sd) else f"{mean:{digits}} ± {sd:{digits}}"


def _mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the standard deviation of the defined values, each NaN if there are too few values."""
    defined = np.array([value for value in values if value == value])
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(defined.mean()) if len(defined) else math.nan
        return mean, float(defined.std(ddof=1)) if len(defined) > 1 else math.nan


def _outcomes(rows: Sequence[RunSummary]) -> str:
    """Return how many runs did not complete or did not learn, by state."""
    states = Counter(row.status.value for row in rows if row.status is not Status.COMPLETED)
    states["not learned"] = sum(row.status is Status.COMPLETED and not row.learned for row in rows)
    return ", ".join(f"{count} {state}" for state, count in states.items() if count)
