"""The sweeper for Hydra, which launches the stages of a sweep, each as one batch of jobs."""

from typing import Any, cast

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from zdl_bench.errors import ConfigError
from zdl_bench.plan.blocks import jobs_and_tunings
from zdl_bench.plan.launcher import SweepLauncher, SweepTask
from zdl_bench.plan.stages import Stage, stages_of
from zdl_bench.run.experiment import Experiment


class BlockSweeper(Sweeper):
    """A sweeper that hands all combinations of values to the launcher, in one batch for each stage of the sweep."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.task = cast(SweepTask, task_function)
        self.default_seed = OmegaConf.select(config, "seed")
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Launch the runs of the command line. `arguments` is not used: the command line was read before Hydra was called."""
        line = self.task.command_line
        given = {one.key: one.settings for one in line.readings if one.group not in ("experiment", "hydra")}
        jobs, tunings = jobs_and_tunings(line.experiment or self._plain_sweep(), given)
        if jobs and line.tuning_seeds and not tunings:
            raise ConfigError(
                "tuning_seeds: there is no learning rate to choose; give several, for example lr=1e-3,1e-2, or leave "
                "tuning_seeds out"
            )
        if tunings and not isinstance(self.launcher, SweepLauncher):
            raise ConfigError("hydra/launcher: a choice on tuning seeds needs zdl_bench's own launcher; leave this key out")
        stages = stages_of(jobs, tunings)
        stage: Stage | None = next(stages)
        returns: list[JobReturn] = []
        while stage is not None:
            launched = self._launch(stage, len(returns))
            returns += launched
            try:
                stage = stages.send([returned.return_value for returned in launched])
            except StopIteration:
                stage = None
        return returns

    def _plain_sweep(self) -> Experiment:
        """Return the sweep of a command line without an experiment, as an experiment that has one block without keys."""
        return Experiment("", tuning_seeds=self.task.command_line.tuning_seeds or (), evaluation_seeds=(self.default_seed,))

    def _launch(self, stage: Stage, first: int) -> list[JobReturn]:
        self.task.begin_stage(stage)
        if not stage.jobs and first:
            return []
        return list(self.launcher.launch([[setting.text for setting in job] for job in stage.jobs], initial_job_idx=first))
