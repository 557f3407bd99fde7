"""What a reader of a report has to be warned of, before any number."""

from collections.abc import Sequence

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.phrases import list_names
from zdl_bench.run.environment import FINGERPRINT
from zdl_bench.run.run import Run, Status


def notes_of(missing: str, runs: Sequence[Run], comparisons: Sequence[Comparison]) -> list[str]:
    """missing: how many runs are, in words; runs: those that are stored."""
    return [
        text
        for text in (
            missing and f"{missing}; the command above makes them.",
            _outcomes(runs),
            _alone(runs, comparisons),
            _deterministic(comparisons),
            _mixed(runs, comparisons),
            _commits(runs),
            _kernels(runs),
        )
        if text
    ]


def _outcomes(runs: Sequence[Run]) -> str:
    """Said where no run has a value at all."""
    if any(run.status is Status.COMPLETED for run in runs):
        return ""
    states = {run.status.value.replace("_", " ") for run in runs}
    return f"No run completed: every one {' or '.join(sorted(states))}. There is nothing to compare; the reasons are below."


def _alone(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> str:
    if any(one.runs["variant"].nunique() > 1 for one in comparisons):
        return ""
    return f"One {'run' if len(runs) == 1 else 'optimizer'}: there is nothing to compare it with."


def _deterministic(comparisons: Sequence[Comparison]) -> str:
    """Said where seeds gave the same bits, so that they count as one."""
    for one in comparisons:
        groups = one.runs.dropna(subset="digest").groupby(["variant", "lr"], dropna=False)
        if any(len(members) > 1 and members["digest"].nunique() == 1 for _, members in groups):
            return (
                "Some of these runs are deterministic: their seeds changed nothing, and all seeds of a condition are one run."
            )
    return ""


def _mixed(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> str:
    """Data sets and problems are never compared with one another."""
    problems = {run.config.problem.name for run in runs}
    data_sets = {run.config.dataset.name for run in runs if run.config.dataset}
    kinds = [
        f"{len(names)} {noun} ({list_names(sorted(names))})"
        for names, noun in ((problems, "problems"), (data_sets, "data sets"))
        if len(names) > 1
    ]
    if not kinds:
        return ""
    return f"These runs are of {' and '.join(kinds)}: {len(comparisons)} comparisons, each with figures and tables of its own."


def _commits(runs: Sequence[Run]) -> str:
    made_by = dict.fromkeys(
        f"{run.environment.get('zdl_bench', '')} {run.environment.get('commit', '')}".strip() or "unknown" for run in runs
    )
    if len(made_by) < 2:
        return ""
    return f"These runs were made by {len(made_by)} versions of zdl_bench ({list_names(made_by)}) of the same engine."


def _kernels(runs: Sequence[Run]) -> str:
    differing = [key for key in FINGERPRINT if len({run.environment.get(key, "") for run in runs}) > 1]
    if not differing:
        return ""
    words = list_names(key.replace("_", " ") for key in differing)
    return f"These runs differ in {words}, so their bits cannot be compared; losses agree but for rounding."
