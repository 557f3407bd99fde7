"""Whether a sweep has all of its runs."""

from collections.abc import Sequence

from zdl_bench.commands import notices
from zdl_bench.commands.execution import find_lost_runs
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store
from zdl_bench.store.summaries import RunSummary


def is_complete(rows: Sequence[RunSummary], planned: int, manifest: Manifest, store: Store, max_failures: int | None) -> bool:
    """Return whether every planned run was trained and is in the store. Print how many runs are missing."""
    if len(rows) < planned:
        notices.announce_stop(planned - len(rows), max_failures)
        return False
    gone = find_lost_runs(rows, store)
    if gone:
        if store.find_manifest(manifest.name) is None:
            store.write_manifest(manifest)
        notices.announce_lost(len(gone), len(rows), store.root)
    return not gone
