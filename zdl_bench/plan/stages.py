"""The stages of a sweep: batches of jobs, of which each may depend on the losses of those before it."""

import itertools
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from zdl_bench.plan.blocks import Job, Tuning
from zdl_bench.run.conditions import exact
from zdl_bench.statistics.tuning import LrChoice

MAX_NAMED_CHOICES = 8
"""The largest number of choices that a line names."""

Choices = Sequence[tuple[str, LrChoice]]
"""The name of each tuning, and its choice."""


@dataclass(frozen=True)
class Stage:
    """A batch of jobs.

    plan: what the stage does, in words, as far as it is known before the sweep; empty for a sweep of one stage. decisions: what
    was decided by the stages before it, in words. warnings: what may be wrong with these decisions.
    """

    jobs: Sequence[Job]
    plan: str = ""
    decisions: str = ""
    warnings: Sequence[str] = ()


Stages = Generator[Stage, Sequence[float], None]
"""A generator that yields a stage and is sent the tail_loss of each of its jobs, NaN for a job without one."""


@dataclass(frozen=True)
class Looks:
    """The looks at a sweep whose seeds are added until it is decided.

    numbers: the numbers of seeds, ascending. open_jobs: a function that looks at all runs so far and returns, for each job of
    the last stage, whether its optimizer needs more seeds. It returns nothing if the sweep cannot go on.
    """

    numbers: Sequence[int]
    open_jobs: Callable[[], Sequence[bool]]

    def stages(self, stage: Stage) -> Stages:
        """Yield the stage in parts: first the jobs of the first look, and then, look by look, those of the open optimizers.

        The jobs of the stage that differ only by their seed follow one another, `numbers[-1]` each.
        """
        most = self.numbers[-1]
        jobs_of = [stage.jobs[start : start + most] for start in range(0, len(stage.jobs), most)]
        before = 0
        for number in self.numbers:
            jobs = [job for jobs in jobs_of for job in jobs[before:number]]
            yield replace(stage, jobs=jobs) if before == 0 else Stage(jobs)
            is_open = self.open_jobs() if jobs else ()
            jobs_of = [jobs for jobs, goes_on in zip(jobs_of, is_open[:: number - before], strict=False) if goes_on]
            before = number
            if not jobs_of:
                return


def stages_of(jobs: Sequence[Job], tunings: Sequence[Tuning], looks: Looks | None = None) -> Stages:
    """Yield the stages of a sweep: all trials and the jobs that need no tuning, then the jobs at the chosen learning rates.

    looks: divides the last of these stages. Without looks, it is one stage.
    """
    if looks and not tunings:
        yield from looks.stages(Stage(jobs))
        return
    trials = [tuning.trials for tuning in tunings]
    losses = yield Stage([*jobs, *itertools.chain(*trials)], _trials_text(len(jobs), tunings) if tunings else "")
    if not tunings:
        return
    remaining = iter(losses[len(jobs) :])
    chosen = [tuning.choose([*itertools.islice(remaining, len(tried))]) for tuning, tried in zip(tunings, trials, strict=True)]
    judging = [tuning.at(choice.lr) for tuning, choice in zip(tunings, chosen, strict=True) if choice.lr is not None]
    choices = [*zip(_names(tunings), chosen, strict=True)]
    each, seeds = " of each" if len(tunings) > 1 else "", _count(len(tunings[0].seeds), "seed")
    seeds = f"up to {seeds}" if looks else seeds
    decisions = f"{_abridged(_lr_texts(choices))} on {seeds}" if judging else "no run"
    last = Stage([*itertools.chain(*judging)], f"the best learning rate{each} on {seeds}", decisions, [*_warnings(choices)])
    if looks:
        yield from looks.stages(last)
    else:
        yield last


def _trials_text(other_runs: int, tunings: Sequence[Tuning]) -> str:
    """Return the first stage in words: `3 learning rates × 2 optimizers on 3 tuning seeds`."""
    noun = "optimizer" if _varied_keys(tunings) == {"optimizer"} else "combination"
    grids = [
        _count(lrs, "learning rate") + (f" × {_count(count, noun)}" if len(tunings) > 1 else "")
        for lrs, count in Counter(len(tuning.lrs) for tuning in tunings).items()
    ]
    others = f", and {_count(other_runs, 'run')} without a choice" if other_runs else ""
    return f"{' + '.join(grids)} on {_count(len(tunings[0].tuning_seeds), 'tuning seed')}{others}"


def _lr_texts(choices: Choices) -> Iterator[str]:
    for name, choice in choices:
        if choice.lr is not None:
            yield f"{name}{' at ' if name else ''}lr {exact(choice.lr)}"


def _warnings(choices: Choices) -> Iterator[str]:
    undecided = [name for name, choice in choices if choice.lr is None]
    if undecided:
        yield f"{_about(undecided)}no learning rate has a value on all tuning seeds, so none is judged; try smaller ones"
    for end, place, remedy in (("smallest", 0, "smaller"), ("largest", -1, "larger")):
        at_end = [name for name, choice in choices if choice.lr is not None and choice.lr == choice.lrs[place]]
        if at_end:
            yield f"{_about(at_end)}the best learning rate is the {end} that was tried; a better one may be {remedy}"


def _about(names: Sequence[str]) -> str:
    return f"{_abridged(names)}: " if any(names) else ""


def _names(tunings: Sequence[Tuning]) -> list[str]:
    """Return a name for each tuning: its values of the keys that vary, or its optimizer if nothing varies."""
    varied = _varied_keys(tunings) or {"optimizer"}
    texts = [[text for key, text in _texts(tuning).items() if key in varied] for tuning in tunings]
    return [" ".join(sorted(one, key=_is_setting)).removeprefix("optimizer=") for one in texts]


def _is_setting(text: str) -> bool:
    """Return False for the choice of an optimizer, which stands first in a name."""
    return not text.startswith("optimizer=")


def _varied_keys(tunings: Sequence[Tuning]) -> set[str]:
    texts = [_texts(tuning) for tuning in tunings]
    return {key for key in {*itertools.chain(*texts)} if len({one.get(key) for one in texts}) > 1}


def _texts(tuning: Tuning) -> dict[str, str]:
    """Return key → override of each value of a tuning."""
    return {(text := setting.text.lstrip("+")).partition("=")[0]: text for setting in tuning.combination}


def _abridged(texts: Iterable[str]) -> str:
    listed = list(texts)
    more = f" and {len(listed) - MAX_NAMED_CHOICES} more" if len(listed) > MAX_NAMED_CHOICES else ""
    return ", ".join(listed[:MAX_NAMED_CHOICES]) + more


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
