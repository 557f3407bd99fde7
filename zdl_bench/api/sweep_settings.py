"""The settings of a sweep besides its runs, checked before anything is trained."""

from collections.abc import Sequence

from zdl_bench.api.current_report import require_drawable
from zdl_bench.errors import ConfigError
from zdl_bench.kernels import choice as loops
from zdl_bench.plan.schema import SWEEP_KEYS, JobConfig
from zdl_bench.plan.sweep_keys import SweepSettings, sweep_settings
from zdl_bench.registry import registry
from zdl_bench.store.store import Store, require_new_name


def checked_settings(jobs: Sequence[JobConfig]) -> SweepSettings:
    """Return the settings in the configs of a batch. Raise ConfigError or StoreError if one is wrong."""
    settings = sweep_settings(jobs[0])
    Store(settings.results_dir)  # raises StoreError if the path is not a folder
    if settings.name is not None:
        require_new_name(settings.name)
    require_drawable(settings.presentation)
    registry.executor(settings.executor)  # checks the values of the executor
    loops.require_wanted()
    for key in SWEEP_KEYS:
        if any(job[key] != jobs[0][key] for job in jobs):
            raise ConfigError(f"{key}: this key belongs to the whole sweep and cannot have several values; give one value")
    return settings
