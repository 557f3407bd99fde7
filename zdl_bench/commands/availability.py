"""Find out whether a run can be trained on this machine."""

from functools import cache

from zdl_bench.datasets.dataset import ensure_decoded
from zdl_bench.errors import ConfigError, ZdlBenchError
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig


class Availability:
    """What runs need, looked up on this machine. Each data set is looked up once."""

    def __init__(self) -> None:
        self._obstacle_of_data = cache(_obstacle_of_data)

    def obstacle(self, config: RunConfig) -> str:
        """Return why a run cannot be trained here, with the remedy, or an empty text if it can.

        It needs all its parts, with the code that it was planned with, and its data.
        """
        try:
            registry.optimizer(config.optimizer)
            registry.problem(config.problem)
            registry.schedule(config.schedule)
            registry.require_same_code(config)
        except ZdlBenchError as error:
            return str(error)
        if config.dataset is None:
            return ""
        return self._obstacle_of_data(config.dataset.name, str(config.dataset.values.get("checksum")))


def _obstacle_of_data(name: str, checksum: str) -> str:
    try:
        dataset = registry.dataset(name)
        if dataset.checksum != checksum:
            raise ConfigError(f"dataset={name}: its YAML names other data than the run was trained on; restore that YAML")
        ensure_decoded(dataset)
    except ZdlBenchError as error:
        return str(error)
    return ""
