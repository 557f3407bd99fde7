"""What a sweep says of its stages: what each will do, what was decided before it, and what may be wrong with that."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.plan.trials import TriedGrid, Tuning
from zdl_bench.run.conditions import exact
from zdl_bench.run.counts import count_of

MAX_NAMED_CHOICES = 8
"""The largest number of choices that a line names."""

Choices = Sequence[tuple[str, TriedGrid]]
"""The name of each tuning, and its grid."""


def trials_text(other_runs: int, tunings: Sequence[Tuning]) -> str:
    """Return the first stage in words: `3 learning rates × 2 optimizers on 3 tuning seeds`."""
    of_optimizers = _varied_keys(tunings) == {"optimizer"}
    grids = [
        grid + (f" × {count_of(count, 'optimizer') if of_optimizers else count_of(count, 'combination')}" * (len(tunings) > 1))
        for grid, count in Counter(map(_grid_text, tunings)).items()
    ]
    seeds = count_of(len(tunings[0].tuning_seeds), "tuning seed")
    alone = translatable("{grids} on {seeds}")
    with_others = translatable("{grids} on {seeds}, and {runs} without a choice")
    words = translate(
        with_others if other_runs else alone, grids=" + ".join(grids), seeds=seeds, runs=count_of(other_runs, "run")
    )
    most = sum(_most_further_runs(tuning) for tuning in tunings)
    if not most:
        return words
    further = count_of(most, "further run")
    return translate("{words}; where the best lies at an edge, the grid goes on, at most {runs}", words=words, runs=further)


def judging_text(tunings: Sequence[Tuning], seeds: str) -> str:
    """Return the last stage in words: `the best learning rate of each on 10 seeds`."""
    if all(len(tuning.others) == 1 for tuning in tunings):
        one, each = translatable("the best learning rate on {seeds}"), translatable("the best learning rate of each on {seeds}")
    else:
        one, each = translatable("the best values on {seeds}"), translatable("the best values of each on {seeds}")
    return translate(each if len(tunings) > 1 else one, seeds=seeds)


def _grid_text(tuning: Tuning) -> str:
    lrs = count_of(len(tuning.lrs), "learning rate") if tuning.lrs else translate("no learning rate")
    count = len(tuning.others)
    return lrs if count == 1 else translate("{lrs} × {count:,} values of other keys", lrs=lrs, count=count)


def _most_further_runs(tuning: Tuning) -> int:
    can_go_on = len(tuning.lrs) > 1
    return tuning.max_extensions * len(tuning.others) * len(tuning.tuning_seeds) if can_go_on else 0


def choice_texts(choices: Choices) -> Iterator[str]:
    for name, grid in choices:
        if grid.best is not None:
            lr = [f"lr {exact(float(one.value))}" for one in grid.best if one.text.startswith("lr=")]
            others = [one.text.lstrip("+") for one in grid.best if not one.text.startswith("lr=")]
            yield place_of(name, " ".join([*lr, *others]) or translate("no learning rate"))


def place_of(name: str, place: str) -> str:
    return translate("{name} at {place}", name=name, place=place) if name else place


def warnings_about(choices: Choices) -> Iterator[str]:
    """Yield each warning once, with the names of the tunings that it is about."""
    names: dict[str, list[str]] = {}
    for name, grid in choices:
        names.setdefault(_warning(grid), []).append(name)
    for warning, about in names.items():
        if warning:
            said = translate(warning)
            yield f"{abridged(about)}: {said}" if any(about) else said


def _warning(grid: TriedGrid) -> str:
    if grid.best is None and grid.tuning.lrs:
        return translatable("no learning rate has a value on all tuning seeds, so none is judged; try smaller ones")
    if grid.best is None:
        return translatable("no value of the tuned keys has a loss on all tuning seeds, so none is judged; try others")
    if not grid.choice.at_edge:
        return ""
    if len(grid.grid_lrs) == 1:
        return translatable("only one learning rate was tried; a better one may be smaller or larger")
    if grid.choice.lr == grid.grid_lrs[0]:
        return translatable("the best learning rate is the smallest that was tried; a better one may be smaller")
    return translatable("the best learning rate is the largest that was tried; a better one may be larger")


def names_of(tunings: Sequence[Tuning]) -> list[str]:
    """Return a name for each tuning: its values of the keys that vary, the optimizer first, or only that if nothing varies."""
    varied = _varied_keys(tunings) or {"optimizer"}
    texts = [[text for key, text in _texts(tuning).items() if key in varied] for tuning in tunings]
    return [" ".join(sorted(one, key=lambda text: "optimizer=" not in text)).removeprefix("optimizer=") for one in texts]


def _varied_keys(tunings: Sequence[Tuning]) -> set[str]:
    texts = [_texts(tuning) for tuning in tunings]
    return {key for key in {*chain(*texts)} if len({one.get(key) for one in texts}) > 1}


def _texts(tuning: Tuning) -> dict[str, str]:
    """Return key → override of each value of a tuning."""
    return {(text := setting.text.lstrip("+")).partition("=")[0]: text for setting in tuning.combination}


def abridged(texts: Iterable[str]) -> str:
    listed = list(texts)
    names, more = translate_list(listed[:MAX_NAMED_CHOICES]), len(listed) - MAX_NAMED_CHOICES
    return translate("{names} and {count} more", names=names, count=more) if more > 0 else names
