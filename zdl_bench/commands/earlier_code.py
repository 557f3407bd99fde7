"""Find the runs of a sweep as they were before the code of a part was changed."""

import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from zdl_bench.errors import StoreError
from zdl_bench.report.matched_runs import config_without_code
from zdl_bench.run.config import ENGINE_VERSION, RunConfig
from zdl_bench.run.run import Run, Status
from zdl_bench.store.damage import NOT_A_RUN
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store

Code = tuple[str | None, ...]


def runs_with_earlier_code(store: Store, manifest: Manifest, runs: Sequence[Run]) -> list[Run]:
    """Return the stored runs that have the configs and seeds of these runs and other code, trained with the same engine.

    If an optimizer was trained with several earlier versions, those of the version that was stored last. Raise StoreError if
    there are none.
    """
    wanted, own = {(config_without_code(run.config), run.config.seed) for run in runs}, {*manifest.run_ids}
    versions: dict[str, dict[Code, list[str]]] = defaultdict(lambda: defaultdict(list))
    for run_id in (one for one in store.run_ids() if one not in own):
        config = _config_of(store, run_id)
        if config and (config_without_code(config), config.seed) in wanted:
            versions[config.optimizer.name][_code_of(config)].append(run_id)
    if not versions:
        raise StoreError(
            f"no run of {manifest.name} is stored with earlier code; name two sweeps (compare A B), or the store that has it "
            "from before the change (--against STORE)"
        )
    latest = [max(codes.values(), key=lambda ids: _last_stored(store, ids)) for codes in versions.values()]
    return [run for run, _ in store.read_all(run_id for ids in latest for run_id in ids).runs]


def _config_of(store: Store, run_id: str) -> RunConfig | None:
    """Return the config of a stored run, or None if the run is damaged, has no result, or was made by another engine."""
    with suppress(StoreError, *NOT_A_RUN):
        about = store.read_metadata(run_id)
        if json.loads(about["engine"]) == ENGINE_VERSION and Status(json.loads(about["status"])).is_result:
            return RunConfig.from_dict(json.loads(about["config"]))
    return None


def _code_of(config: RunConfig) -> Code:
    return tuple(part.source for _, part in config.parts)


def _last_stored(store: Store, run_ids: Sequence[str]) -> float:
    return max(store.run_path(run_id).stat().st_mtime for run_id in run_ids)
