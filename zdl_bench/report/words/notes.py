"""Write the warnings at the head of a report."""

from collections.abc import Iterator, Sequence

from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.phrases import join_and, list_names, state_text, with_full_stop
from zdl_bench.run.run import Run, Status
from zdl_bench.store.damage import about_engine


def notes_of(missing: str, runs: Sequence[Run], comparisons: Sequence[Comparison]) -> list[str]:
    """Return the warnings. missing: the number of missing runs, in words, or empty. runs: all of one engine."""
    missing_runs = [translate("{missing}; the command at the foot makes them.", missing=missing)] if missing else []
    engine = [with_full_stop(note)] if (note := about_engine(runs[0].engine)) else []
    return [*engine, *missing_runs, *_about_results(runs, comparisons), *_about_kinds(runs, comparisons), *_about_origins(runs)]


def _about_results(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> Iterator[str]:
    if not any(run.status is Status.COMPLETED for run in runs):
        outcomes = translate(" or ").join(map(state_text, sorted({run.status.value for run in runs})))
        yield translate(
            "No run completed: every one {states}. There is nothing to compare; the reasons are below.", states=outcomes
        )
    if all(one.runs["variant"].nunique() < 2 for one in comparisons):
        one_run = translate("One run: there is nothing to compare it with.")
        yield one_run if len(runs) == 1 else translate("One optimizer: there is nothing to compare it with.")
    if any(map(_is_deterministic, comparisons)):
        yield translate(
            "Some of these runs are deterministic: their seeds changed nothing, and all seeds of a condition are one run."
        )


def _is_deterministic(comparison: Comparison) -> bool:
    """Return whether all seeds of some condition gave bit-identical runs, which count as one run."""
    digests = comparison.runs.dropna(subset="digest").groupby(["variant", "lr"], dropna=False)["digest"]
    return bool(((digests.size() > 1) & (digests.nunique() == 1)).any())


def _about_kinds(runs: Sequence[Run], comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield a warning if the runs are of several data sets or problems, which are never compared with one another."""
    problems = {run.config.problem.name for run in runs}
    data_sets = {run.config.dataset.name for run in runs if run.config.dataset}
    texts = ((problems, translatable("{count} problems ({names})")), (data_sets, translatable("{count} data sets ({names})")))
    kinds = [translate(text, count=len(names), names=list_names(sorted(names))) for names, text in texts if len(names) > 1]
    if kinds:
        yield translate(
            "These runs are of {kinds}: {count} comparisons, each with figures and tables of its own.",
            kinds=join_and(kinds),
            count=len(comparisons),
        )


def _about_origins(runs: Sequence[Run]) -> Iterator[str]:
    """Yield a warning if the runs come from different code."""
    environments = [run.environment for run in runs]
    versions = dict.fromkeys(
        f"{e.get('zdl_bench', '')} {e.get('commit', '')}".strip() or translate("unknown") for e in environments
    )
    if len(versions) > 1:
        yield translate(
            "These runs were made by {count} versions of zdl_bench ({names}) of the same engine.",
            count=len(versions),
            names=list_names(versions),
        )
    libraries = dict.fromkeys(e["libraries"] for e in environments if "libraries" in e)
    if libraries:
        names = sorted({run.config.optimizer.name for run in runs if "libraries" in run.environment})
        yield translate(
            "The bits of the runs of {names} are bound to the library that made them: {libraries}.",
            names=list_names(names),
            libraries=translate_list(libraries, "; "),
        )
