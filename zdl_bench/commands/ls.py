"""`ls`: list the sweeps in the store."""

import json
from collections import Counter
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from zdl_bench.commands.parser import Parser
from zdl_bench.commands.terminal import console_for
from zdl_bench.errors import DamagedFile, MissingRun, display, printable
from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.run.counts import count_in_state
from zdl_bench.run.run import Status
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store

MAX_CELL = 2000
"""Maximum number of characters of a cell. More characters would keep a terminal busy for minutes."""


def main(arguments: Sequence[str]) -> int:
    """List the sweeps in the store and return the exit status."""
    store = Store(Parser("ls", "list the sweeps in the store").parse_args(arguments).results)
    store.require_existing()
    print_sweeps(store)
    return 0


def print_sweeps(store: Store) -> None:
    """Print a line per sweep, the latest sweep last: its name, start, number of runs, states of the runs, and command."""
    table = Table(header_style="bold")
    table.add_column(translate("sweep"))
    table.add_column(translate("started (UTC)"))
    table.add_column(translate("runs"), justify="right")
    table.add_column(translate("states"))
    table.add_column(translate("command"))
    for manifest in store.manifests():
        when = manifest.started[:16].replace("T", " ")
        cells = (manifest.name, when, str(len(manifest.run_ids)), states(store, manifest), manifest.command)
        table.add_row(*(Text(_cell(cell)) for cell in cells))  # the content of a file is not markup
    console_for().print(table)


def _cell(text: str) -> str:
    return printable(text if len(text) <= MAX_CELL else f"{text[:MAX_CELL]}…")


def states(store: Store, manifest: Manifest) -> str:
    """Return a text that says how many runs of a sweep are in each state. A run that is not stored counts as missing."""
    counts: Counter[tuple[str, str]] = Counter()
    missing, damaged = (translatable("missing"), ""), (translatable("damaged"), "")
    for run_id in manifest.run_ids:
        if not store.has(run_id):
            counts[missing] += 1
            continue
        try:
            about = store.read_metadata(run_id)
            engine = json.loads(about["engine"])
            counts[Status(json.loads(about["status"])), "" if engine == ENGINE_VERSION else display(engine)] += 1
        except MissingRun:  # the run was removed just now
            counts[missing] += 1
        except (DamagedFile, KeyError, ValueError, RecursionError):  # an unknown status raises ValueError
            counts[damaged] += 1
    return translate_list(_state_text(count, *state) for state, count in counts.items())


def _state_text(count: int, state: str, engine: str) -> str:
    """Return how many runs are in a state. engine: the one that made them, or empty if it is this one."""
    words = count_in_state(count, state)
    return translate("{words} (engine {engine})", words=words, engine=engine) if engine else words
