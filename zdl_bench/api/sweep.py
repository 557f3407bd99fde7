"""`zdl_bench.sweep`: what a command line that begins with `-m` does, as a function."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from zdl_bench.api.keywords import call_text, overrides_of, settled
from zdl_bench.api.notebook_voice import NotebookVoice, warn_caller
from zdl_bench.api.optimizer_objects import NamedOptimizers
from zdl_bench.api.results import StoredResults, results_of
from zdl_bench.api.sweep_execution import SweepExecution
from zdl_bench.errors import StoreError, refusal
from zdl_bench.language import speaking, spoken, translate
from zdl_bench.plan.command_line import read_command_line
from zdl_bench.plan.sweep_keys import asked_language
from zdl_bench.registry.conf_places import conf_folder
from zdl_bench.registry.languages import language_of_user
from zdl_bench.store.store import Store

if TYPE_CHECKING:
    from zdl_bench.optimizers.optimizer import Optimizer


def sweep(
    optimizer: "str | Optimizer | Iterable[str | Optimizer] | None" = None,
    lr: float | Iterable[float] | None = None,
    seed: int | Iterable[int] | None = None,
    **keys: object,
) -> StoredResults:
    """Train every combination of the given values, as `python -m zdl_bench -m key=v1,v2 …` does, and return the results.

    Runs have the ids that they have on the command line and go into the same store, so what is stored is not trained again. All
    keys of the command line are keywords: `steps=500`, `problem="bowl"`, `tuning_seeds=range(100, 103)`, `until="decided"`,
    `experiment="day64"`, `executor="serial"`, `results_dir="results"`, … Keys with a dot go into a dictionary, spelled as
    everywhere else: `**{"problem.hidden": (200, 200)}`. A list, range or array is a sweep, a tuple is one value.

    optimizer: names, or objects of frozen dataclasses: those of `zdl_bench.optimizers`, or of a class of one's own, which is
        identified by a hash of its code.
    lr: learning rates above 0; None: the default of each optimizer. seed: integers from 0.
    keys: those of the command line, and `config_dir`, a folder with YAMLs and classes of one's own, as `--config-dir`. The
        environment variable ZDL_BENCH_CONF names such folders for everything that follows. `language="ja"` is the language of
        what the sweep says, and of the findings, figures and report of its results; default: that of ZDL_BENCH_LANGUAGE.

    The report is built only if `report=True`; `results.report()` builds it later. Ctrl-C keeps the finished runs and raises
    KeyboardInterrupt, and the same call goes on from there. Raise ConfigError or DataError before the first run if a value is
    wrong or data are missing, StoreError if the store cannot be written, and ExecutorError if no run can be executed. A run
    that fails is a row of the results, with a warning.
    """
    chosen = {"optimizer": settled(optimizer), "lr": settled(lr), "seed": settled(seed)}
    with closing(NamedOptimizers()) as named:
        return _trained(chosen, {key: settled(value) for key, value in keys.items()}, named)


def _trained(chosen: dict[str, object], keys: dict[str, object], named: NamedOptimizers) -> StoredResults:
    """Train the sweep of these keys. chosen: optimizer, lr and seed, or None for each that was not given."""
    config_dir, optimizer = keys.pop("config_dir", None), chosen["optimizer"]
    given = chosen | {"optimizer": named.names_of(optimizer)}
    asked = {key: value for key, value in given.items() if value is not None} | keys
    typed = asked | {"optimizer": optimizer} | ({} if config_dir is None else {"config_dir": config_dir})
    folder = None if config_dir is None else str(config_dir)
    with conf_folder(folder):
        flags = [] if folder is None else ["--config-dir", folder]
        line = read_command_line(["-m", *flags, *overrides_of(asked)])
        with speaking(language_of_user()), speaking(asked_language(line)):
            execution = SweepExecution(replace(line, call=call_text(typed) if named.has_objects else ""), NotebookVoice())
            return _results_of(execution, asks_for_report="report" in keys)


def _results_of(execution: SweepExecution, asks_for_report: bool) -> StoredResults:
    """Return the results of a sweep. An interrupt and a refusal of the operating system say what to do."""
    try:
        return _results_after(execution, asks_for_report)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_words_on_interrupt(execution)) from None
    except Exception as error:
        words = refusal(error)
        if not words:
            raise
        raise StoreError(words) from error


def _results_after(execution: SweepExecution, asks_for_report: bool) -> StoredResults:
    """Train the runs and return their results, or for a dry run the results that are stored."""
    execution.train()
    assert execution.settings
    assert execution.manifest
    store = Store(execution.settings.results_dir)
    if execution.settings.dry_run:
        execution.show_plan()
        stored = [row.run_id for row in execution.rows]
        return results_of(store, replace(execution.manifest, run_ids=stored), spoken())
    finished = execution.finish()
    failed = sum(not row.status.is_result for row in execution.rows)
    if failed:
        planned = len(execution.manifest.run_ids)
        warn_caller(
            translate(
                "{failed} of {planned} runs have no result; results.runs.failure says why", failed=failed, planned=planned
            )
        )
    if finished and asks_for_report and execution.settings.report:
        execution.update_report()
    return results_of(store, finished or execution.manifest, spoken())


def _words_on_interrupt(execution: SweepExecution) -> str:
    if execution.settings is None or execution.manifest is None:
        return translate("interrupted before the first run")
    store, run_ids = Store(execution.settings.results_dir), execution.manifest.run_ids
    done = sum(map(store.has, run_ids))
    return translate(
        "interrupted; {done} of {planned} runs are stored. Call the same sweep again to continue",
        done=done,
        planned=len(run_ids),
    )
