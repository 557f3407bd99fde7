"""One run after the other in this process, for a debugger."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from zdl_bench.executors.contract import Event, Executor, Finished, Started, attempt
from zdl_bench.run import RunConfig


@dataclass(frozen=True)
class Serial(Executor):
    def execute(self, configs: Sequence[RunConfig], n_jobs: int) -> Generator[Event, None, None]:
        for config in configs:
            yield Started(config.run_id)
            yield Finished(config.run_id, attempt(config))
