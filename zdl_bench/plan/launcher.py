"""A launcher for Hydra that composes a batch of jobs and hands all of them to the sweep at once.

Hydra composes each combination of groups only once, because composing takes tens of milliseconds. Each value is checked
against the schema once for each combination and is reused after that.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from zdl_bench.errors import ConfigError, ZdlBenchError
from zdl_bench.plan.command_line import CommandLine
from zdl_bench.plan.messages import InternalError, misfit
from zdl_bench.plan.overrides import Reading, read
from zdl_bench.plan.schema import JobConfig
from zdl_bench.plan.stages import Stage
from zdl_bench.registry import conf_files
from zdl_bench.run.untrusted import require_no_reference

BatchFunction = Callable[[Sequence[JobConfig]], Sequence[float]]
"""A function that takes the composed configs of a batch and returns the tail_loss of each run, NaN for a run without one."""


@dataclass(frozen=True)
class SweepTask:
    """The task function for Hydra. Our launcher passes whole batches to it. Hydra and other launchers pass one config.

    begin_stage: a function that is told of each stage before its batch comes.
    open_jobs: a function that looks at the runs so far and returns, for each job of the last batch, whether its optimizer needs
    more seeds.
    has_results: a function that returns whether every job of the last batch has a result.
    single: the configs that came one by one, each with the names of its parts. Their runs start after Hydra has returned,
    because Hydra would add its own text to an error.
    """

    command_line: CommandLine
    run_batch: BatchFunction
    begin_stage: Callable[[Stage], None]
    open_jobs: Callable[[], Sequence[bool]]
    has_results: Callable[[], bool] = lambda: True
    single: list[tuple[DictConfig, Mapping[str, str]]] = field(default_factory=list)

    def __call__(self, composed: DictConfig | Sequence[JobConfig]) -> Sequence[float] | None:
        if isinstance(composed, DictConfig):
            self.single.append((composed, HydraConfig.get().runtime.choices))
            return None
        try:
            return self.run_batch(composed)
        except ZdlBenchError:
            raise
        except Exception as error:  # a bug in the project, not wrong input
            raise InternalError from error


class SweepLauncher(Launcher):
    """A launcher that passes whole batches of jobs to the sweep. It works with any sweeper for Hydra."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.run_batch = cast(BatchFunction, task_function)
        self.composer = Composer(hydra_context.config_loader, config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        tail_losses = self.run_batch([self.composer.compose(overrides) for overrides in job_overrides])
        return [_returned(*job) for job in zip(job_overrides, tail_losses, strict=True)]


def _returned(overrides: Sequence[str], tail_loss: float) -> JobReturn:
    job: Any = JobReturn(overrides=list(overrides), status=JobStatus.COMPLETED)
    job.return_value = tail_loss
    return cast(JobReturn, job)


@dataclass
class GroupConfig:
    """The config that Hydra composed for one combination of groups, from which the configs of many jobs are made.

    plain: the same config as plain values. checked: override → its value, after a check against the schema.
    """

    config: DictConfig
    plain: JobConfig
    checked: dict[str, Any] = field(default_factory=dict)


class Composer:
    """A composer that makes the config of a job from the overrides of the job."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader = loader
        self._master = master
        self._groups = frozenset(loader.list_groups(""))
        self._bases: dict[tuple[str, ...], GroupConfig] = {}
        self._read = cache(read)

    def compose(self, overrides: Sequence[str]) -> JobConfig:
        """Return the config of one job without Hydra's own part. Jobs share values, so callers must not change the config.

        Raise ConfigError for an override that does not fit the schema. Pass on the errors of Hydra.
        """
        readings = [self._read(text) for text in overrides]
        if not _are_independent(readings):  # Hydra has to apply such overrides in their order
            return self._base(tuple(overrides)).plain
        values = [reading for reading in readings if self._sets_value(reading)]
        base = self._base(tuple(reading.argument for reading in readings if not self._sets_value(reading)))
        plain = base.plain
        for reading in values:
            plain = _with_value(plain, reading.key.split("."), self._checked(base, reading))
        return plain

    def _sets_value(self, reading: Reading) -> bool:
        key, override = reading.key, reading.override
        is_group = override.package is not None or "/" in key or key in self._groups
        return not (is_group or override.is_add() or override.is_force_add())

    def _base(self, overrides: tuple[str, ...]) -> GroupConfig:
        if overrides not in self._bases:
            config = self._loader.load_sweep_config(self._master, list(overrides))
            conf_files.require_sound(config.hydra.runtime.choices)
            self._bases[overrides] = GroupConfig(config, plain_values(config))
        return self._bases[overrides]

    def _checked(self, base: GroupConfig, reading: Reading) -> Any:
        if reading.argument not in base.checked:
            is_deep = reading.key.count(".") > 1  # other jobs may set the parent of this key, so they need it unchanged
            config = copy.deepcopy(base.config) if is_deep else base.config
            is_of_part = reading.group in self._groups  # the class of the part checks such a key later
            try:
                OmegaConf.update(config, reading.key, reading.values[0], merge=True, force_add=is_of_part)
                value = OmegaConf.select(config, reading.key)
            except OmegaConfBaseException as error:
                raise ConfigError(misfit(reading.argument, error)) from error
            base.checked[reading.argument] = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
        return base.checked[reading.argument]


def _are_independent(readings: Sequence[Reading]) -> bool:
    """Return whether overrides can be applied in any order.

    They cannot if one sets a dictionary or an item of a list, if a key is given twice, or if a key lies within another.
    """
    keys = [reading.override.key_or_group for reading in readings]
    nested = any(one != other and one.startswith(f"{other}.") for one in keys for other in keys if "." in other)
    has_items = any(word.isdigit() for key in keys for word in key.split("."))
    has_dictionaries = any(isinstance(reading.override.value(), dict) for reading in readings)
    return len({*keys}) == len(keys) and not nested and not has_items and not has_dictionaries


def plain_values(config: DictConfig) -> JobConfig:
    """Return a composed config without Hydra's own part and the experiment.

    Raise ConfigError for an interpolation or a missing value.
    """
    keys = [str(key) for key in config if key not in ("hydra", "experiment")]
    missing = sorted(OmegaConf.missing_keys(OmegaConf.masked_copy(config, keys)))
    if missing:
        raise ConfigError(f"{missing[0]}: the value is missing; write {missing[0]}=VALUE")
    plain = OmegaConf.to_container(OmegaConf.masked_copy(config, keys), resolve=False)
    require_no_reference(plain)
    return cast(JobConfig, plain)


def _with_value(plain: JobConfig, path: Sequence[str], value: Any) -> JobConfig:
    """Return the config with another value at the path. All other values are shared with the given config, not copied."""
    key, *below = path
    inside = plain.get(key)
    return plain | {key: _with_value(inside if isinstance(inside, dict) else {}, below, value) if below else value}
