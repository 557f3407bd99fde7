"""The command that trains runs: a command line → a sweep in the store, with its report and its tables on the terminal."""

from collections.abc import Sequence
from functools import partial

from zdl_bench.api.labels import aligned
from zdl_bench.api.sweep_execution import SweepExecution
from zdl_bench.api.sweep_manifest import verify_command
from zdl_bench.commands.summary import LAST_LABELS, NEXT, REPORT, RESULTS_FOLDER, digest_lines, failures_table, results_table
from zdl_bench.commands.terminal import TerminalVoice, console_for, say_answer
from zdl_bench.language import speaking
from zdl_bench.plan.app import compose_once
from zdl_bench.plan.command_line import CommandLine, read_command_line
from zdl_bench.plan.command_names import config_dir_of
from zdl_bench.plan.sweep_keys import SweepSettings, asked_language
from zdl_bench.report.freshness import answer_lines, page_path
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store


def main(arguments: Sequence[str]) -> int:
    """Train the runs that the arguments ask for, build their report, and return the exit status."""
    command_line = read_command_line(arguments)
    with speaking(asked_language(command_line)):
        return _train(command_line)


def _train(command_line: CommandLine) -> int:
    execution = SweepExecution(command_line, TerminalVoice())
    if command_line.asks_for_config:
        execution.resolve([compose_once(command_line)])  # raises ConfigError before a wrong config is shown
    execution.train()
    settings, manifest = execution.settings, execution.manifest
    if settings is None or manifest is None:  # Hydra has only printed something
        return 0
    if settings.dry_run:
        execution.show_plan()
        return 0
    return finish(execution, settings, manifest)


def finish(execution: SweepExecution, settings: SweepSettings, manifest: Manifest) -> int:
    """Print the results of a sweep, store its manifest, update its report, and return the exit status."""
    console, rows = console_for(), execution.rows
    say = partial(console.print, soft_wrap=True, markup=False, highlight=False)
    for table in (results_table(rows, manifest.as_experiment.tuning_seeds), failures_table(rows)):
        if table:
            console.print(table)
    finished = execution.finish()
    if finished is None:
        return 1
    store, label = Store(settings.results_dir), aligned(LAST_LABELS)
    if settings.report:
        if verdicts := execution.update_report():
            say(verdicts)
        say(f"{label[REPORT]}{page_path(store, finished)}")
    for line in digest_lines(rows):
        say(line)
    say(f"{label[RESULTS_FOLDER]}{store.sweep_folder(finished.name)}")
    verify = verify_command(finished, settings.results_dir, config_dir_of(execution.command_line.arguments))
    say(f"{label[NEXT]}{verify}")
    if settings.report:
        say_answer(answer_lines(store, store.read_manifest(finished.name)))
    return 0 if execution.is_as_planned else 1
