"""`rm`: remove a sweep, and the runs that no other sweep of the store needs."""

import sys
from collections.abc import Sequence

from zdl_bench.api.amounts import size
from zdl_bench.commands.parser import Parser
from zdl_bench.errors import ConfigError
from zdl_bench.language import translate, translate_count, translate_list
from zdl_bench.run.counts import count_of
from zdl_bench.store.removal import Removal, plan_removal, remove_sweep
from zdl_bench.store.store import Store


def main(arguments: Sequence[str]) -> int:
    """Say what the removal takes away, ask, remove it, and return the exit status."""
    parser = Parser("rm", "remove a sweep, and the runs that no other sweep of the store needs")
    parser.add_argument("sweep", metavar="SWEEP", help="a sweep's name")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    store = Store(options.results)
    store.require_existing()
    removal = plan_removal(store, options.sweep)
    print(removal_text(removal))
    if not options.yes and not _is_wanted(removal.name):
        print(translate("nothing was removed"))
        return 0
    remove_sweep(store, removal)
    print(translate("removed {name}", name=removal.name))
    return 0


def removal_text(removal: Removal) -> str:
    """Return what the removal of a sweep takes away, and what it leaves."""
    lines = [
        translate("{folder}: the sweep with its report", folder=removal.folder),
        translate(
            "{runs} that no other sweep needs, {size} in all",
            runs=count_of(len(removal.runs), "run"),
            size=size(removal.bytes),
        ),
    ]
    if removal.kept:
        others = translate_list(f"{name} ({count_of(count, 'run')})" for name, count in removal.needed_by.items())
        stays = translate_count(
            "{count} run stays, since other sweeps need it: {others}",
            "{count} runs stay, since other sweeps need them: {others}",
            removal.kept,
            others=others,
        )
        lines.append(stays)
    return "\n".join(lines)


def _is_wanted(name: str) -> bool:
    """Ask whether to remove the sweep. Raise ConfigError if there is nobody to ask."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError(f"{name}: nobody can be asked here, so nothing was removed; give --yes to remove it")
    try:
        return input(translate("remove them? [y/N] ")).strip().lower() in ("y", "yes")
    except EOFError:
        return False
