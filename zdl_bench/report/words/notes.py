"""Write the warnings at the head of a report."""

from collections.abc import Iterator, Sequence

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.phrases import list_names
from zdl_bench.run.run import Run, Status
from zdl_bench.store.damage import about_engine


def notes_of(missing: str, runs: Sequence[Run], comparisons: Sequence[Comparison]) -> list[str]:
    """Return the warnings. missing: the number of missing runs, in words, or empty. runs: all of one engine."""
    missing_runs = [f"{missing}; the command above makes them."] if missing else []
    engine = [f"{note}."] if (note := about_engine(runs[0].engine)) else []
    return [*engine, *missing_runs, *_about_results(runs, comparisons), *_about_kinds(runs, comparisons), *_about_origins(runs)]


def _about_results(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> Iterator[str]:
    if not any(run.status is Status.COMPLETED for run in runs):
        outcomes = " or ".join(sorted({run.status.value.replace("_", " ") for run in runs}))
        yield f"No run completed: every one {outcomes}. There is nothing to compare; the reasons are below."
    if all(one.runs["variant"].nunique() < 2 for one in comparisons):
        yield f"One {'run' if len(runs) == 1 else 'optimizer'}: there is nothing to compare it with."
    if any(map(_is_deterministic, comparisons)):
        yield "Some of these runs are deterministic: their seeds changed nothing, and all seeds of a condition are one run."


def _is_deterministic(comparison: Comparison) -> bool:
    """Return whether all seeds of some condition gave bit-identical runs, which count as one run."""
    digests = comparison.runs.dropna(subset="digest").groupby(["variant", "lr"], dropna=False)["digest"]
    return bool(((digests.size() > 1) & (digests.nunique() == 1)).any())


def _about_kinds(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield a warning if the runs are of several data sets or problems, which are never compared with one another."""
    problems = {run.config.problem.name for run in runs}
    data_sets = {run.config.dataset.name for run in runs if run.config.dataset}
    kinds = [
        f"{len(names)} {noun} ({list_names(sorted(names))})"
        for names, noun in ((problems, "problems"), (data_sets, "data sets"))
        if len(names) > 1
    ]
    if kinds:
        count = len(comparisons)
        yield f"These runs are of {' and '.join(kinds)}: {count} comparisons, each with figures and tables of its own."


def _about_origins(runs: Sequence[Run]) -> Iterator[str]:
    """Yield a warning if the runs come from different code."""
    environments = [run.environment for run in runs]
    versions = dict.fromkeys(f"{e.get('zdl_bench', '')} {e.get('commit', '')}".strip() or "unknown" for e in environments)
    if len(versions) > 1:
        yield f"These runs were made by {len(versions)} versions of zdl_bench ({list_names(versions)}) of the same engine."
