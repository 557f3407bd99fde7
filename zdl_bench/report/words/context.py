"""Describe in words what the runs of a comparison have in common."""

from collections.abc import Sequence

from zdl_bench.report.phrases import count_of
from zdl_bench.run.conditions import short
from zdl_bench.run.config import RunConfig, Value


def context_of(configs: Sequence[RunConfig], tuning_seeds: Sequence[int] = ()) -> tuple[str, ...]:
    """Return what the runs of one setting have in common, in two lines.

    The first line gives the data set, the problem and the number of steps. The second line gives the number of seeds, the
    batch size and other conventions.
    """
    config = configs[0]
    values = config.problem.values
    if "hidden" in values:
        problem = [f"hidden {short(values['hidden'])}", short(values["activation"])]
        problem += [f"{key} {short(values[key])}" for key in ("input_condition",) if key in values]
    else:
        problem = [f"{key} {_point_text(value)}" for key, value in values.items() if value != 0]
    conventions = [_seeds_text({c.seed for c in configs}, {*tuning_seeds})]
    if "loss_reduction" in values:
        conventions.append(f"gradient {'summed' if values['loss_reduction'] == 'sum' else 'averaged'} over the batch")
    if "batch_size" in values:
        conventions.append(f"batch {short(values['batch_size'])}")
    conventions += [config.dtype, f"schedule {config.schedule.name}"]
    data = config.dataset.name if config.dataset else "no data set"
    return (f"{data} · {' '.join([config.problem.name, *problem])} · {config.steps:,} steps", " · ".join(conventions))


def _seeds_text(seeds: set[int], tuning_seeds: set[int]) -> str:
    tuning, judging = len(seeds & tuning_seeds), count_of(len(seeds - tuning_seeds), "seed")
    return f"{judging} after {tuning} tuning seeds" if tuning else judging


def _point_text(value: Value) -> str:
    """Return a value as text. The coordinates of a point are put in brackets."""
    return f"({', '.join(map(short, value))})" if isinstance(value, tuple) else short(value)
