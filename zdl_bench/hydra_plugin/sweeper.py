"""Hydra's sweeper: command line × blocks of the experiment → one batch of jobs."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from zdl_bench.errors import ConfigError

EXPERIMENT_KEYS = ("title", "source", "fixed", "blocks")


class BlockSweeper(Sweeper):
    """Expands the sweep into all its combinations and hands them to the launcher in one batch."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.parser = OverridesParser.create(config_loader=hydra_context.config_loader)
        self.experiment = config.experiment
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        overrides = self.parser.parse_overrides(arguments)
        if any(o.key_or_group == "experiment" and o.is_sweep_override() for o in overrides):
            raise ConfigError("experiment: one at a time; an experiment is a sweep of its own")
        given: dict[str, list[str]] = {}
        for override in overrides:
            given.pop(key_of(override), None)  # the last one of a key counts, and at its place
            given[key_of(override)] = list(expanded(override))
        given.pop("experiment", None)
        jobs = [job for block in blocks_of(self.experiment) for job in product_of(block, given)]
        return self.launcher.launch(jobs, initial_job_idx=0)


def blocks_of(experiment: DictConfig | None) -> list[Mapping[str, Any]]:
    """The blocks of an experiment, its fixed keys in each; one empty block where there is no experiment."""
    if experiment is None:
        return [{}]
    content: Any = OmegaConf.to_container(experiment)
    unknown = [key for key in content if key not in EXPERIMENT_KEYS]
    if unknown:
        raise ConfigError(f"experiment: it has the key {unknown[0]}; an experiment has {', '.join(EXPERIMENT_KEYS)}")
    fixed, blocks = content.get("fixed", {}), content.get("blocks", [{}])
    if not isinstance(fixed, dict) or not isinstance(blocks, list) or not all(isinstance(b, dict) for b in blocks):
        raise ConfigError("experiment: `blocks` is a list of mappings from key to value or values, `fixed` one such mapping")
    return [fixed | block for block in blocks]


def product_of(block: Mapping[str, Any], given: Mapping[str, list[str]]) -> Iterator[tuple[str, ...]]:
    """Every combination of a block's values and those of the command line, which override the block's."""
    lists = [list(_block_values(key, value)) for key, value in block.items() if key not in given]
    return itertools.product(*lists, *given.values())


def key_of(override: Override) -> str:
    return str(override.get_key_element()).lstrip("+~")


def expanded(override: Override) -> Iterable[str]:
    """One override per value of a sweep; the override itself where it is none."""
    if not override.is_sweep_override():
        return [override.input_line or ""]
    if not override.is_discrete_sweep():
        raise ConfigError(f"{override.input_line}: a sweep needs a list of values; use a,b,c or range(start,stop,step)")
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _block_values(key: str, value: Any) -> Iterator[str]:
    """A list sweeps over its items; a text is read as on the command line, so `range(0,10)` is a sweep."""
    if isinstance(value, list):
        yield from (f"{key}={as_text(item)}" for item in value)
    else:
        for override in OverridesParser.create().parse_overrides([f"{key}={as_text(value)}"]):
            yield from expanded(override)


def as_text(value: Any) -> str:
    """A YAML value in the words of the command line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{','.join(as_text(item) for item in value)}]"
    return str(value)
