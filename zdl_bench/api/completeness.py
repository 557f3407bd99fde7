"""Whether a sweep has all of its runs."""

from collections.abc import Sequence

from zdl_bench.api import notices
from zdl_bench.api.execution import find_lost_runs
from zdl_bench.api.voice import Voice
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store
from zdl_bench.store.summaries import RunSummary


def is_complete(
    rows: Sequence[RunSummary], planned: int, manifest: Manifest, store: Store, max_failures: int | None, voice: Voice
) -> bool:
    """Return whether every planned run was trained and is in the store. Say how many runs are missing."""
    if len(rows) < planned:
        notices.announce_stop(voice, planned - len(rows), max_failures)
        return False
    gone = find_lost_runs(rows, store)
    if gone:
        if store.find_manifest(manifest.name) is None:
            store.write_manifest(manifest)
        notices.announce_lost(voice, len(gone), len(rows), store.root)
    return not gone
