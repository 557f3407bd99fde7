"""The sweeper for Hydra, which launches the stages of a sweep, each as one batch of jobs."""

from collections.abc import Sequence
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
from zdl_bench.plan.overrides import Setting
from zdl_bench.plan.stages import Looks, Stage, stages_of
from zdl_bench.plan.trials import Job
from zdl_bench.plan.until import look_plan_of
from zdl_bench.run.experiment import Experiment


class BlockSweeper(Sweeper):
    """A sweeper that hands all combinations of values to the launcher, in one batch for each stage of the sweep."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.task = cast(SweepTask, task_function)
        self.default_seed = OmegaConf.select(config, "seed")
        self.default_optimizer = str(OmegaConf.select(config, "optimizer.name"))
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Launch the runs of the command line. `arguments` is not used: the command line was read before Hydra was called."""
        line, looks = self.task.command_line, None
        given = {one.key: one.settings for one in line.readings if one.group not in ("experiment", "hydra")}
        experiment = line.experiment or self._plain_sweep([self.default_seed])
        if plan := look_plan_of(line):
            looks = Looks(plan.looks, self.task.open_jobs)
            experiment = self._plain_sweep(seeds_from(given.pop("seed", ()), self.default_seed, plan.max_seeds))
        jobs, tunings = jobs_and_tunings(experiment, given, line.zips, line.tuning.factors, self.default_optimizer)
        if looks and _have_several_lrs(jobs):
            raise ConfigError(
                "until=decided: no seed may both choose a learning rate and judge it; give one lr for each optimizer, or "
                "tuning_seeds, for example 'tuning_seeds=range(100,103)'"
            )
        if jobs and line.tuning_seeds and not tunings:
            raise ConfigError(
                "tuning_seeds: there is no learning rate to choose; give several, for example lr=1e-3,1e-2, or leave "
                "tuning_seeds out"
            )
        if (tunings or looks) and not isinstance(self.launcher, SweepLauncher):
            raise ConfigError("hydra/launcher: a sweep of several stages needs zdl_bench's own launcher; leave this key out")
        stages = stages_of(jobs, tunings, looks, self.task.has_results)
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

    def _plain_sweep(self, seeds: Sequence[int]) -> Experiment:
        """Return the sweep of a command line without an experiment, as an experiment that has one block without keys."""
        line = self.task.command_line
        return Experiment(
            title="",
            tuning_seeds=line.tuning_seeds or (),
            evaluation_seeds=tuple(seeds),
            tune=line.tuning.tune or (),
            max_extensions=line.tuning.max_extensions,
        )

    def _launch(self, stage: Stage, first: int) -> list[JobReturn]:
        self.task.begin_stage(stage)
        if not stage.jobs and first:
            return []
        return list(self.launcher.launch([[setting.text for setting in job] for job in stage.jobs], initial_job_idx=first))


def _have_several_lrs(jobs: Sequence[Job]) -> bool:
    """Return whether some jobs differ in their learning rate, but not in any other key but the seed."""
    conditions = {tuple(setting.text for setting in job if not setting.text.startswith("seed=")) for job in jobs}
    return len({tuple(text for text in one if not text.startswith("lr=")) for one in conditions}) < len(conditions)


def seeds_from(given: Sequence[Setting], default: int, count: int) -> range:
    """Return as many seeds as `count`, from the given one on. Raise ConfigError if that is not an integer."""
    first = given[0].value if given else default
    if type(first) is not int:
        raise ConfigError(f"{given[0].text}: the first seed is an integer; give one, for example seed=0")
    return range(first, first + count)
