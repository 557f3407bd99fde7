"""Earlier looks at a sweep: reports of sweeps with the same conditions and fewer seeds, built before this one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from zdl_bench.run.config import RunConfig
from zdl_bench.store.manifest import MAX_LOOKS, Manifest, Summaries
from zdl_bench.store.store import Store


def past_sweeps(store: Store, name: str, run_ids: Iterable[str]) -> list[Manifest]:
    """Return the manifests that may tell of earlier looks at a sweep, without their summaries.

    run_ids: of the first batch. If the same sweep has finished before, its manifest knows the looks. If no run is stored,
    nobody can have looked.
    """
    ids = {*run_ids}
    if not any(map(store.has, ids)):
        return []
    before = store.find_manifest(name)
    is_repeated = before is not None and before.finished is not None and ids <= {*before.run_ids}
    found = [before] if is_repeated else map(store.find_manifest, store.sweep_names())
    return [replace(manifest, summaries=Summaries()) for manifest in found if manifest is not None]


def earlier_looks(
    name: str, configs: Mapping[str, RunConfig], past: Iterable[Manifest], tuning_seeds: Sequence[int]
) -> list[int]:
    """Return the numbers of seeds at earlier looks at a sweep, in ascending order.

    A look is a report of a sweep whose runs are some of this sweep's, with all its conditions and fewer seeds. configs: the
    runs of this sweep by run id.
    """
    judged = {run_id: config for run_id, config in configs.items() if config.seed not in tuning_seeds}
    condition = {run_id: replace(config, seed=0).run_id for run_id, config in judged.items()}
    total = len({config.seed for config in judged.values()})
    looks: set[int] = set()
    for manifest in past:
        if not configs.keys() >= {*manifest.run_ids}:
            continue
        shared = judged.keys() & {*manifest.run_ids}
        is_of_all = {condition[run_id] for run_id in shared} == {*condition.values()}
        seeds = len({judged[run_id].seed for run_id in shared})
        if is_of_all and manifest.report.files and seeds < total:
            looks.add(seeds)
        if is_of_all or manifest.name == name:
            looks |= {*manifest.looks}
    return sorted(looks)[-MAX_LOOKS:]
