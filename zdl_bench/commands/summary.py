"""The tables that sum up a sweep on the terminal."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest

import numpy as np
from rich.table import Table
from rich.text import Text

from zdl_bench.api.labels import aligned
from zdl_bench.errors import printable
from zdl_bench.language import translatable, translate, translate_count, translate_list
from zdl_bench.run.conditions import accuracy_text, condition_keys, texts_of
from zdl_bench.run.config import Value
from zdl_bench.run.counts import count_in_state
from zdl_bench.run.run import Status
from zdl_bench.store.summaries import RunSummary

MAX_DECIMAL_LOSS = 1e7
"""Losses below this number are written with decimals. A table has no room for the digits of a larger loss."""
MAX_CONDITIONS = 60
"""Largest number of conditions in the table. The answer below it has to stay in sight."""
SCORES = {
    "final_train_loss": translatable("train loss"),
    "tail_loss": translatable("tail loss"),
    "test_accuracy": translatable("test accuracy"),
    "test_loss": translatable("test loss"),
}
"""Score of a run → its heading."""
LOSSES_OF_ALL = ("final_train_loss", "tail_loss")
BEST_STYLE = "bold green"
REPORT, DIGEST, RESULTS_FOLDER, NEXT = LAST_LABELS = (
    translatable("report:"),
    translatable("digest:"),
    translatable("results:"),
    translatable("next:"),
)
"""The labels of the last lines."""
ConditionValues = tuple[Value, ...]
RankedRuns = tuple[ConditionValues, list[RunSummary]]


def results_table(rows: Sequence[RunSummary], tuning_seeds: Iterable[int] = ()) -> Table:
    """Return a table with a line per condition: mean ± standard deviation of completed runs, and how the other runs ended.

    In each setting the lowest mean tail loss comes first. Tuning seeds have separate lines. Coloured: the best value of each
    column, and conditions with runs that diverged, failed or did not learn. Of very many conditions, only the first are shown.
    """
    keys, choosing = [*condition_keys(row.config for row in rows)], {*tuning_seeds}
    is_tuned = any(row.config.seed in choosing for row in rows)
    uses = {True: translate("tuning"), False: translate("judging")}
    groups: dict[ConditionValues, list[RunSummary]] = defaultdict(list)
    for row in rows:
        flat = row.config.flat()
        use = (uses[row.config.seed in choosing],) if is_tuned else ()
        groups[(*(flat.get(key) for key in keys), *use)].append(row)
    columns = [texts_of(values) for values in zip(*groups, strict=True)]
    table = Table(title_justify="left", caption_justify="left", header_style="bold")
    for key in [*keys, *([translate("seeds")] if is_tuned else [])]:
        table.add_column(key)
    scores = [one for one in SCORES if one in LOSSES_OF_ALL or any(not math.isnan(getattr(row, one)) for row in rows)]
    for heading in (translate("runs"), *(translate(SCORES[score]) for score in scores)):
        table.add_column(heading, justify="right")
    table.add_column(translate("outcomes"))
    settings = _ranked_settings(groups, keys)
    best = {cell for members in settings for cell in _best_cells(members)}
    for condition, members in [*chain.from_iterable(settings)][:MAX_CONDITIONS]:
        outcomes = _outcomes(members)
        texts = {score: _score_text(members, score) for score in scores}
        table.add_row(
            *(texts_of_key[value] for texts_of_key, value in zip(columns, condition, strict=True)),
            str(len(members)),
            *(Text(text, BEST_STYLE) if (condition, score) in best and not outcomes else text for score, text in texts.items()),
            outcomes,
            style="red" if outcomes else "",
        )
    table.caption = "\n".join(_notes_on(settings)) or None
    return table


def _ranked_settings(groups: Mapping[ConditionValues, list[RunSummary]], keys: Sequence[str]) -> list[list[RankedRuns]]:
    """Return the conditions of each setting, the lowest mean tail loss first. One in which some run has no loss comes last.

    What sets settings apart are the keys besides those of optimizers, and whether seeds choose or judge.
    """
    own = [not (key in ("optimizer", "lr") or key.startswith(("optimizer.", "schedule"))) for key in keys]
    settings: dict[ConditionValues, list[RankedRuns]] = {}
    for condition, members in groups.items():
        setting = tuple(value for value, apart in zip_longest(condition, own, fillvalue=True) if apart)
        settings.setdefault(setting, []).append((condition, members))
    return [sorted(ones, key=lambda one: _place(one[1], "tail_loss")) for ones in settings.values()]


def _best_cells(setting: Sequence[RankedRuns]) -> Iterator[tuple[ConditionValues, str]]:
    """Yield the condition and the score of each best value of a setting; none for a score that is the same everywhere."""
    for score in SCORES:
        places = {condition: _place(members, score) for condition, members in setting}
        best = min(places.values())
        if best < max(places.values()):
            yield from ((condition, score) for condition, place in places.items() if place == best)


def _place(rows: Sequence[RunSummary], score: str) -> float:
    """Return a number that is lower the better the mean of a score is, and infinite if a run has none."""
    mean = sum(getattr(row, score) for row in rows) / len(rows)
    return math.inf if mean != mean else -mean if score == "test_accuracy" else mean


def _notes_on(settings: Sequence[Sequence[RankedRuns]]) -> Iterator[str]:
    """Yield what a reader has to know of the table: its order, and how many conditions it leaves out."""
    if any(len(members) > 1 for members in settings):
        one = translatable("Ordered by tail loss, the lowest first; the report compares speed as well.")
        several = translatable("Ordered by tail loss in each setting, the lowest first; the report compares speed as well.")
        yield translate(several if len(settings) > 1 else one)
    left_out = sum(map(len, settings)) - MAX_CONDITIONS
    if left_out > 0:
        yield translate_count(
            "and {count} more condition, which the report has", "and {count} more conditions, which the report has", left_out
        )


def failures_table(rows: Iterable[RunSummary]) -> Table | None:
    """Return a table of the runs without a result and the reason for each, or None if every run has a result."""
    failures = [row for row in rows if not row.status.is_result]
    if not failures:
        return None
    keys = condition_keys(row.config for row in failures)
    table = Table(title=translate("Runs without a result"), title_justify="left", header_style="bold")
    for heading in (translate("run"), *keys, "seed", translate("status"), translate("reason")):
        table.add_column(heading)
    columns = {key: texts_of(row.config.flat().get(key) for row in failures) for key in keys}
    for row in failures:
        flat = row.config.flat()
        cells = (columns[key][flat.get(key)] for key in keys)
        reason = (row.reason.splitlines() or [""])[0]
        table.add_row(row.run_id, *cells, str(row.config.seed), translate(row.status.value), Text(printable(reason)))
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
    digest = hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
    where = "  " + translate("(the same on every machine)") if is_promised else ""
    return [aligned(LAST_LABELS)[DIGEST] + digest + where]


def _loss_digits(rows: Sequence[RunSummary]) -> str:
    """Return the format for losses: four decimals, or powers of ten if decimals would show 0 or would not fit into a cell."""
    losses = [loss for row in rows for loss in (row.tail_loss, row.final_train_loss) if loss == loss]
    smallest = min((row.tail_loss for row in rows if row.tail_loss > 0), default=1.0)
    return ".4f" if smallest >= 0.001 and max(map(abs, losses), default=0.0) < MAX_DECIMAL_LOSS else ".2e"


def _score_text(rows: Sequence[RunSummary], score: str) -> str:
    """Return `mean ± sd` of the defined values, only the mean if there is one value, or a dash if there is none."""
    mean, sd = _mean_and_sd([getattr(row, score) for row in rows])
    if math.isnan(mean):
        return "–"
    if score == "test_accuracy":
        return accuracy_text(mean, sd)
    digits = _loss_digits(rows)
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
    states[translatable("not learned")] = sum(row.status is Status.COMPLETED and not row.learned for row in rows)
    return translate_list(count_in_state(count, state) for state, count in states.items() if count)
