"""Hydra's launcher: composes a batch of jobs, and hands them all to the sweep at once."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from zdl_bench.plan.composer import Composer, Plain

BatchFunction = Callable[[Sequence[Plain]], Sequence[float]]
"""Composed configs of a batch → the tail_loss of each, NaN where a run has none."""


class SweepLauncher(Launcher):
    """Any Hydra sweeper can drive it. The task function takes whole batches: see BatchFunction."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.batch_function = cast(BatchFunction, task_function)
        self.composer = Composer(hydra_context.config_loader, config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        composed = [self.composer.compose(overrides) for overrides in job_overrides]
        tail_losses = self.batch_function(composed)
        return [_returned(*job) for job in zip(job_overrides, tail_losses, strict=True)]


def _returned(overrides: Sequence[str], tail_loss: float) -> JobReturn:
    job: Any = JobReturn(overrides=list(overrides), status=JobStatus.COMPLETED)
    job.return_value = tail_loss
    return cast(JobReturn, job)
