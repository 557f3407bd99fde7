"""The stages of a sweep: batches of jobs, of which each may depend on the losses of those before it."""

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from zdl_bench.language import translate, translate_count
from zdl_bench.plan.overrides import Setting
from zdl_bench.plan.stage_words import abridged, choice_texts, judging_text, names_of, place_of, trials_text, warnings_about
from zdl_bench.plan.trials import Job, TriedGrid, Tuning
from zdl_bench.run.conditions import exact
from zdl_bench.run.counts import count_of


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


def stages_of(
    jobs: Sequence[Job], tunings: Sequence[Tuning], looks: Looks | None = None, has_results: Callable[[], bool] = lambda: True
) -> Stages:
    """Yield the stages of a sweep: all trials and the jobs that need no tuning, then the jobs at the chosen values.

    Between them are the stages in which grids go on beyond an edge. looks: divides the last stage. Without looks, it is one
    stage. has_results: whether all jobs of the last stage have results; those of a dry run have none, so no grid goes on.
    """
    if looks and not tunings:
        yield from looks.stages(Stage(jobs))
        return
    losses = yield Stage([*jobs, *_trials_of(tunings)], trials_text(len(jobs), tunings) if tunings else "")
    if not tunings:
        return
    remaining = iter(losses[len(jobs) :])
    grids = [TriedGrid(tuning, [*itertools.islice(remaining, len(tuning.trials))]) for tuning in tunings]
    grids = yield from _extensions(grids, has_results)
    judging = [grid.tuning.at(grid.best) for grid in grids if grid.best is not None]
    choices = [*zip(names_of(tunings), grids, strict=True)]
    seeds = count_of(len(tunings[0].seeds), "seed")
    seeds = translate("up to {seeds}", seeds=seeds) if looks else seeds
    chosen = abridged(choice_texts(choices))
    decisions = translate("{choices} on {seeds}", choices=chosen, seeds=seeds) if judging else translate("no run")
    last = Stage([*itertools.chain(*judging)], judging_text(tunings, seeds), decisions, [*warnings_about(choices)])
    if looks:
        yield from looks.stages(last)
    else:
        yield last


def _extensions(grids: list[TriedGrid], has_results: Callable[[], bool]) -> Generator[Stage, Sequence[float], list[TriedGrid]]:
    """Yield a stage with the next learning rate of each grid that goes on, again and again, and return the grids."""
    names = names_of([grid.tuning for grid in grids])
    while has_results() and any(following := [grid.next_lr for grid in grids]):
        new = [(grid, lr, name) for grid, lr, name in zip(grids, following, names, strict=True) if lr]
        seeds = count_of(len(grids[0].tuning.tuning_seeds), "tuning seed")
        places = abridged(place_of(name, f"lr {exact(float(lr.value))}") for _, lr, name in new)
        words = translate_count(
            "{places}, beyond the edge of its grid, on {seeds}",
            "{places}, beyond the edge of their grids, on {seeds}",
            len(new),
            places=places,
            seeds=seeds,
        )
        losses = iter((yield Stage(_trials_of([grid.beyond(lr) for grid, lr, _ in new]), words)))
        grids = [_extended(grid, lr, losses) if lr else grid for grid, lr in zip(grids, following, strict=True)]
    return grids


def _extended(grid: TriedGrid, lr: Setting, losses: Iterator[float]) -> TriedGrid:
    return grid.extended(lr, [*itertools.islice(losses, len(grid.beyond(lr).trials))])


def _trials_of(tunings: Iterable[Tuning]) -> list[Job]:
    return [job for tuning in tunings for job in tuning.trials]
