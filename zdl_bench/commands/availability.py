"""Find out whether a run can be trained on this machine."""

from collections.abc import Mapping
from types import MappingProxyType

from zdl_bench.commands.terminal import TerminalVoice
from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.errors import ConfigError, ZdlBenchError, display
from zdl_bench.registry import registry
from zdl_bench.registry.conf_files import names
from zdl_bench.run.config import Choice, RunConfig

NOTHING: Mapping[str, str] = MappingProxyType({})


class Availability:
    """What runs need, looked up on this machine. Each data set is looked up once."""

    def __init__(self) -> None:
        self._obstacles_of_data: dict[str, str] = {}

    def obstacle(self, config: RunConfig, environment: Mapping[str, str] = NOTHING) -> str:
        """Return why a run cannot be trained here, with the remedy, or an empty text if it can.

        It needs all its parts, with the code that it was planned with, and its data. environment: that of the stored run, which
        names the versions of the libraries to which its bits are bound.
        """
        try:
            _require_known(config)
            registry.whole_optimizer(config)
            registry.problem(config.problem)
            registry.schedule(config.schedule)
            _require_same_libraries(config, environment)
            registry.require_same_code(config)
        except ZdlBenchError as error:
            return str(error)
        if config.dataset is None:
            return ""
        key = repr(config.dataset)
        if key not in self._obstacles_of_data:
            self._obstacles_of_data[key] = _obstacle_of_data(config.dataset)
        return self._obstacles_of_data[key]


def _require_known(config: RunConfig) -> None:
    """Raise ConfigError for a part of which there is no YAML here: it may be in a folder or a package of somebody else."""
    for group, chosen in config.parts:
        if chosen.name not in names(group):
            raise ConfigError(
                f"{group}={display(chosen.name)}: there is no such {group} here; name the folder that has it with --config-dir "
                "DIR, or install its package"
            )


def _require_same_libraries(config: RunConfig, environment: Mapping[str, str]) -> None:
    here = registry.libraries_of(config).get("libraries", "")
    stored = environment.get("libraries", here)
    if stored != here:
        raise ConfigError(
            f"optimizer={config.optimizer.name}: its bits are bound to {display(stored)}, and here is {here}; install those "
            "versions, or run the command of its sweep again"
        )


def _obstacle_of_data(chosen: Choice) -> str:
    try:
        dataset = registry.dataset_of(chosen)
        ensure_decoded(dataset)
        if words := dataset.changes():
            TerminalVoice().warn(words)
    except ZdlBenchError as error:
        return str(error)
    return ""
